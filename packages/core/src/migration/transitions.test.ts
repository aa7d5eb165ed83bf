import { expect, test } from "vitest";
import { events, phaseOf, states } from "../../test/events.ts";
import { step } from "./step.ts";

test("the transition table: phase, event, next phase and commands; what is not listed changes nothing and sends nothing", () => {
  const lines = Object.entries(states).flatMap(([from, state]) =>
    Object.entries(events).flatMap(([name, event]) => {
      const next = step(state, event, 100);
      const same = phaseOf(next.state) === phaseOf(state);
      if (same && next.effects.length === 0) return [];
      return [
        `${from} + ${name}: ${[same ? "stays" : phaseOf(next.state), ...next.effects.map(({ to, command }) => `${command.type} to ${to}`)].join(", ")}`,
      ];
    }),
  );
  expect(lines.join("\n")).toMatchInlineSnapshot(`
    "queued + admitted: preflight, prepareSource to source
    queued + denied: aborted
    queued + cancel: aborted
    queued + source fenced: lost
    queued + source fenced, an older copy accepted: lost
    queued + destination fenced: failed
    queued + destination fenced, an older copy accepted: failed
    preflight, source asked + cancel: aborted, abort to source, abort to destination
    preflight, source asked + sourcePrepared: stays, prepareDestination to destination
    preflight, source asked + sourcePrepared, outrun: aborted, abort to source, abort to destination
    preflight, source asked + source declined: aborted, abort to source, abort to destination
    preflight, source asked + destination declined: aborted, abort to source, abort to destination
    preflight, source asked + source broken: failed, abort to source, abort to destination
    preflight, source asked + destination broken: failed, abort to source, abort to destination
    preflight, source asked + source broken, as the destination said: failed, abort to source, abort to destination
    preflight, source asked + source connected: stays, prepareSource to source
    preflight, source asked + source restarted: stays, prepareSource to source
    preflight, source asked + source restarted, the guest lost: lost, abort to source, abort to destination
    preflight, source asked + destination connected: stays, prepareSource to source
    preflight, source asked + destination restarted: stays, prepareSource to source
    preflight, source asked + destination has revoked: stays, prepareSource to source
    preflight, source asked + source fenced: lost, abort to destination
    preflight, source asked + source fenced, an older copy accepted: lost, abort to destination
    preflight, source asked + destination fenced: failed, abort to source
    preflight, source asked + destination fenced, an older copy accepted: failed, abort to source
    preflight, source asked + source spent: lost, abort to source, abort to destination
    preflight, destination asked + cancel: aborted, abort to source, abort to destination
    preflight, destination asked + sourcePrepared: stays, prepareDestination to destination
    preflight, destination asked + sourcePrepared, outrun: aborted, abort to source, abort to destination
    preflight, destination asked + destinationPrepared: precopy, precopy to source, pace to source
    preflight, destination asked + source declined: aborted, abort to source, abort to destination
    preflight, destination asked + destination declined: aborted, abort to source, abort to destination
    preflight, destination asked + source broken: failed, abort to source, abort to destination
    preflight, destination asked + destination broken: failed, abort to source, abort to destination
    preflight, destination asked + source broken, as the destination said: failed, abort to source, abort to destination
    preflight, destination asked + source connected: stays, prepareDestination to destination
    preflight, destination asked + source restarted: stays, prepareSource to source
    preflight, destination asked + source restarted, the guest lost: lost, abort to source, abort to destination
    preflight, destination asked + destination connected: stays, prepareDestination to destination
    preflight, destination asked + destination restarted: stays, prepareDestination to destination
    preflight, destination asked + destination has revoked: stays, prepareDestination to destination
    preflight, destination asked + source fenced: lost, abort to destination
    preflight, destination asked + source fenced, an older copy accepted: lost, abort to destination
    preflight, destination asked + destination fenced: failed, abort to source
    preflight, destination asked + destination fenced, an older copy accepted: failed, abort to source
    preflight, destination asked + source spent: lost, abort to source, abort to destination
    precopy + cancel: aborted, abort to source, abort to destination
    precopy + limits changed: stays, pace to source
    precopy + deadline moved before now: aborted, abort to source, abort to destination
    precopy + switchover asked now: stays, pace to source
    precopy + switchover asked at the minimum: stays, pace to source
    precopy + source declined: failed, abort to source, abort to destination
    precopy + destination declined: failed, abort to source, abort to destination
    precopy + report exact: freezing, freeze to source
    precopy + report hopeless: aborted, abort to source, abort to destination
    precopy + source broken: failed, abort to source, abort to destination
    precopy + destination broken: failed, abort to source, abort to destination
    precopy + source broken, as the destination said: failed, abort to source, abort to destination
    precopy + source connected: stays, precopy to source, pace to source
    precopy + source restarted: failed, abort to source, abort to destination
    precopy + source restarted, the guest lost: lost, abort to source, abort to destination
    precopy + destination connected: stays, precopy to source, pace to source
    precopy + destination restarted: failed, abort to source, abort to destination
    precopy + destination has revoked: failed, abort to source, abort to destination
    precopy + source fenced: lost, abort to destination
    precopy + source fenced, an older copy accepted: lost, abort to destination
    precopy + destination fenced: failed, abort to source
    precopy + destination fenced, an older copy accepted: failed, abort to source
    precopy + source spent: lost, abort to source, abort to destination
    precopy, held + cancel: aborted, abort to source, abort to destination
    precopy, held + limits changed: stays, pace to source
    precopy, held + deadline moved before now: aborted, abort to source, abort to destination
    precopy, held + switchover asked now: stays, pace to source
    precopy, held + switchover asked at the minimum: stays, pace to source
    precopy, held + source declined: failed, abort to source, abort to destination
    precopy, held + destination declined: failed, abort to source, abort to destination
    precopy, held + report hopeless: aborted, abort to source, abort to destination
    precopy, held + source broken: failed, abort to source, abort to destination
    precopy, held + destination broken: failed, abort to source, abort to destination
    precopy, held + source broken, as the destination said: failed, abort to source, abort to destination
    precopy, held + source connected: stays, precopy to source, pace to source
    precopy, held + source restarted: failed, abort to source, abort to destination
    precopy, held + source restarted, the guest lost: lost, abort to source, abort to destination
    precopy, held + destination connected: stays, precopy to source, pace to source
    precopy, held + destination restarted: failed, abort to source, abort to destination
    precopy, held + destination has revoked: failed, abort to source, abort to destination
    precopy, held + source fenced: lost, abort to destination
    precopy, held + source fenced, an older copy accepted: lost, abort to destination
    precopy, held + destination fenced: failed, abort to source
    precopy, held + destination fenced, an older copy accepted: failed, abort to source
    precopy, held + source spent: lost, abort to source, abort to destination
    precopy, to be switched over + cancel: aborted, abort to source, abort to destination
    precopy, to be switched over + limits changed: stays, pace to source
    precopy, to be switched over + deadline moved before now: aborted, abort to source, abort to destination
    precopy, to be switched over + switchover asked at the minimum: stays, pace to source
    precopy, to be switched over + source declined: failed, abort to source, abort to destination
    precopy, to be switched over + destination declined: failed, abort to source, abort to destination
    precopy, to be switched over + report exact: freezing, freeze to source
    precopy, to be switched over + report hopeless: freezing, freeze to source
    precopy, to be switched over + source broken: failed, abort to source, abort to destination
    precopy, to be switched over + destination broken: failed, abort to source, abort to destination
    precopy, to be switched over + source broken, as the destination said: failed, abort to source, abort to destination
    precopy, to be switched over + source connected: stays, precopy to source, pace to source
    precopy, to be switched over + source restarted: failed, abort to source, abort to destination
    precopy, to be switched over + source restarted, the guest lost: lost, abort to source, abort to destination
    precopy, to be switched over + destination connected: stays, precopy to source, pace to source
    precopy, to be switched over + destination restarted: failed, abort to source, abort to destination
    precopy, to be switched over + destination has revoked: failed, abort to source, abort to destination
    precopy, to be switched over + source fenced: lost, abort to destination
    precopy, to be switched over + source fenced, an older copy accepted: lost, abort to destination
    precopy, to be switched over + destination fenced: failed, abort to source
    precopy, to be switched over + destination fenced, an older copy accepted: failed, abort to source
    precopy, to be switched over + source spent: lost, abort to source, abort to destination
    freezing + cancel: refusing, refuse to source
    freezing + source declined: refusing, refuse to source
    freezing + destination declined: refusing, refuse to source
    freezing + source broken: refusing, refuse to source
    freezing + destination broken: refusing, refuse to source
    freezing + source broken, as the destination said: refusing, refuse to source
    freezing + released: granting
    freezing + running: completed, discard to source
    freezing + refused: failed, abort to source, abort to destination
    freezing + revoked: refusing, refuse to source
    freezing + revoked, whole: refusing, refuse to source
    freezing + running, regranted: completed, discard to source
    freezing + source connected: stays, freeze to source
    freezing + source restarted: stays, freeze to source
    freezing + source restarted, the guest lost: stays, freeze to source
    freezing + destination connected: stays, freeze to source
    freezing + destination restarted: refusing, refuse to source
    freezing + destination has revoked: refusing, refuse to source
    freezing + source fenced: revoking, revoke to destination
    freezing + source fenced, an older copy accepted: revoking, revoke to destination
    freezing + destination fenced: refusing, refuse to source
    freezing + destination fenced, an older copy accepted: refusing, refuse to source
    freezing + source spent: revoking, revoke to destination
    freezing + source spent, released: revoking, revoke to destination
    refusing + released: granting
    refusing + running: completed, discard to source
    refusing + refused: failed, abort to source, abort to destination
    refusing + running, regranted: completed, discard to source
    refusing + source connected: stays, refuse to source
    refusing + source restarted: stays, refuse to source
    refusing + source restarted, the guest lost: stays, refuse to source
    refusing + destination connected: stays, refuse to source
    refusing + destination restarted: stays, refuse to source
    refusing + destination has revoked: stays, refuse to source
    refusing + source fenced: revoking, revoke to destination
    refusing + source fenced, an older copy accepted: revoking, revoke to destination
    refusing + destination fenced: stays, refuse to source
    refusing + destination fenced, an older copy accepted: stays, refuse to source
    refusing + source spent: revoking, revoke to destination
    refusing + source spent, released: revoking, revoke to destination
    granting + running: completed, discard to source
    granting + revoked: reclaiming, reclaim to source
    granting + revoked, whole: reclaiming, reclaim to source
    granting + running, regranted: completed, discard to source
    granting + source connected: stays, grant to destination
    granting + source restarted: stays, grant to destination
    granting + source restarted, the guest lost: stays, grant to destination
    granting + destination connected: stays, grant to destination
    granting + destination restarted: stays, grant to destination
    granting + destination has revoked: stays, grant to destination
    granting + source fenced: regranting, regrant to destination
    granting + source fenced, an older copy accepted: regranting, regrant to destination
    granting + destination fenced: undecided
    granting + destination fenced, an older copy accepted: reclaiming, reclaim to source
    reclaiming + running: completed, discard to source
    reclaiming + running, regranted: completed, discard to source
    reclaiming + reclaimed: failed, abort to source, abort to destination
    reclaiming + source connected: stays, reclaim to source
    reclaiming + source restarted: stays, reclaim to source
    reclaiming + source restarted, the guest lost: stays, reclaim to source
    reclaiming + destination connected: stays, reclaim to source
    reclaiming + destination restarted: stays, reclaim to source
    reclaiming + destination has revoked: stays, reclaim to source
    reclaiming + source fenced: revoking, revoke to destination
    reclaiming + source fenced, an older copy accepted: revoking, revoke to destination
    reclaiming + destination fenced: stays, reclaim to source
    reclaiming + destination fenced, an older copy accepted: stays, reclaim to source
    reclaiming + source spent: revoking, revoke to destination
    reclaiming + source spent, released: revoking, revoke to destination
    revoking + released: regranting, regrant to destination
    revoking + running: completed
    revoking + revoked: lost, abort to destination
    revoking + revoked, whole: undecided
    revoking + running, regranted: completed
    revoking + source connected: refusing, refuse to source
    revoking + source restarted: refusing, refuse to source
    revoking + source restarted, the guest lost: refusing, refuse to source
    revoking + destination connected: stays, revoke to destination
    revoking + destination restarted: stays, revoke to destination
    revoking + destination has revoked: stays, revoke to destination
    revoking + source fenced, an older copy accepted: stays, revoke to destination
    revoking + destination fenced: lost
    revoking + destination fenced, an older copy accepted: lost
    regranting + running: completed
    regranting + empty: lost, abort to destination
    regranting + running, regranted: completed
    regranting + source connected: stays, regrant to destination
    regranting + source restarted: stays, regrant to destination
    regranting + source restarted, the guest lost: stays, regrant to destination
    regranting + destination connected: stays, regrant to destination
    regranting + destination restarted: stays, regrant to destination
    regranting + destination has revoked: stays, regrant to destination
    regranting + source fenced, an older copy accepted: stays, regrant to destination
    regranting + destination fenced: lost
    regranting + destination fenced, an older copy accepted: lost
    undecided, source fenced + released: regranting, regrant to destination
    undecided, source fenced + running: completed
    undecided, source fenced + running, regranted: completed
    undecided, source fenced + source connected: refusing, refuse to source
    undecided, source fenced + source restarted: refusing, refuse to source
    undecided, source fenced + source restarted, the guest lost: refusing, refuse to source
    undecided, source fenced + source fenced, an older copy accepted: regranting, regrant to destination
    undecided, source fenced + destination fenced: lost
    undecided, source fenced + destination fenced, an older copy accepted: lost
    undecided, source fenced + older copy accepted: regranting, regrant to destination
    undecided, destination fenced + revoked: reclaiming, reclaim to source
    undecided, destination fenced + revoked, whole: reclaiming, reclaim to source
    undecided, destination fenced + destination connected: granting, grant to destination
    undecided, destination fenced + destination restarted: granting, grant to destination
    undecided, destination fenced + destination has revoked: granting, grant to destination
    undecided, destination fenced + source fenced: lost
    undecided, destination fenced + source fenced, an older copy accepted: lost
    undecided, destination fenced + destination fenced, an older copy accepted: reclaiming, reclaim to source
    undecided, destination fenced + older copy accepted: reclaiming, reclaim to source
    lost + source connected: stays, abort to destination
    lost + source restarted: stays, abort to destination
    lost + source restarted, the guest lost: stays, abort to destination
    lost + destination connected: stays, abort to destination
    lost + destination restarted: stays, abort to destination
    lost + destination has revoked: stays, abort to destination
    lost + tick: stays, abort to destination
    completed + source connected: stays, discard to source
    completed + source restarted: stays, discard to source
    completed + source restarted, the guest lost: stays, discard to source
    completed + destination connected: stays, discard to source
    completed + destination restarted: stays, discard to source
    completed + destination has revoked: stays, discard to source
    completed + tick: stays, discard to source
    aborted + source connected: stays, abort to source, abort to destination
    aborted + source restarted: stays, abort to source, abort to destination
    aborted + source restarted, the guest lost: stays, abort to source, abort to destination
    aborted + destination connected: stays, abort to source, abort to destination
    aborted + destination restarted: stays, abort to source, abort to destination
    aborted + destination has revoked: stays, abort to source, abort to destination
    aborted + tick: stays, abort to source, abort to destination
    failed + source connected: stays, abort to source, abort to destination
    failed + source restarted: stays, abort to source, abort to destination
    failed + source restarted, the guest lost: stays, abort to source, abort to destination
    failed + destination connected: stays, abort to source, abort to destination
    failed + destination restarted: stays, abort to source, abort to destination
    failed + destination has revoked: stays, abort to source, abort to destination
    failed + tick: stays, abort to source, abort to destination"
  `);
});
