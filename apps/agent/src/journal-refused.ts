/** The journal's file cannot be used: it says where and why, and nothing is guessed. */
export class JournalDamaged extends Error {
  override name = "JournalDamaged";
  readonly code: "journal-damaged" | "journal-contradiction";

  constructor(code: JournalDamaged["code"], detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}

/** Two agents that go by one journal would both own its guests, so the second one does not start. */
export class JournalOfAnotherHost extends Error {
  override name = "JournalOfAnotherHost";
  readonly code = "journal-of-another-host";

  constructor(path: string, journalOf: string, configured: string) {
    super(
      `${path} is the journal of host "${journalOf}", and this agent is configured as "${configured}". ` +
        `Two hosts with one journal would both own its guests. Give this agent a data folder of its own (--data), ` +
        `or, if this is the only copy of the folder that is left, its name (--name ${journalOf}).`,
    );
  }
}
