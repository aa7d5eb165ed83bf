import { type Accuracy, terminalPhases } from "@godwit/contract";
import { isEnded, type Migration, type Notice } from "@godwit/core";
import { Counter, Gauge, Histogram, Registry } from "@platformatic/prom-client";

/** What is measured for a Prometheus: the one place that knows its library. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #underWay = this.#gauge("godwit_migrations", "Migrations under way, by phase", ["phase"]);
  readonly #agents = this.#gauge("godwit_agents_connected", "Agents that are connected", []);
  readonly #error = this.#gauge(
    "godwit_prediction_error_ratio",
    "|predicted - actual| / actual downtime of completed migrations",
    ["quantile"],
  );
  readonly #predictions = this.#gauge("godwit_predictions", "Completed migrations that had a prediction", []);
  readonly #ended = new Counter({
    name: "godwit_migrations_ended_total",
    help: "Migrations that have ended, by phase and reason",
    labelNames: ["phase", "code"],
    registers: [this.#registry],
  });
  readonly #verdicts = new Counter({
    name: "godwit_verdicts_total",
    help: "Verdicts told, by kind and code",
    labelNames: ["kind", "code"],
    registers: [this.#registry],
  });
  readonly #downtime = new Histogram({
    name: "godwit_downtime_seconds",
    help: "Downtime of completed migrations",
    buckets: [0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30],
    registers: [this.#registry],
  });

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** One stored step: the verdicts that it told, and its end. */
  stepped(before: Migration, after: Migration, notices: readonly Notice[]): void {
    for (const { type, data } of notices) {
      if (type === "migration.verdict") this.#verdicts.inc({ kind: String(data["kind"]), code: String(data["code"]) });
    }
    if (!isEnded(after) || isEnded(before)) return;
    this.#ended.inc({ phase: after.phase, code: after.reason.code });
    if (after.downtimeMs !== undefined) this.#downtime.observe(after.downtimeMs / 1000);
  }

  /** The text format, with what is true at this moment. */
  async text(now: { states: Migration[]; agents: number; accuracy: Accuracy | undefined }): Promise<string> {
    this.#underWay.reset();
    const ended: readonly string[] = terminalPhases;
    for (const { phase } of now.states) if (!ended.includes(phase)) this.#underWay.inc({ phase });
    this.#agents.set(now.agents);
    const { count, errorP50, errorP90 } = now.accuracy ?? {};
    this.#predictions.reset();
    if (count !== undefined) this.#predictions.set(count);
    this.#error.reset();
    if (errorP50 !== undefined) this.#error.set({ quantile: "0.5" }, errorP50);
    if (errorP90 !== undefined) this.#error.set({ quantile: "0.9" }, errorP90);
    return await this.#registry.metrics();
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }
}
