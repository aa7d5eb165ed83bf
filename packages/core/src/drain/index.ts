export { assign, type Assignment, destinationsOf } from "./assign.ts";
export * from "./events.ts";
export { type Finding, findingOf } from "./finding.ts";
export { look as lookAtDrain } from "./look.ts";
export * from "./picture.ts";
export {
  begun,
  type Drain,
  type DrainAttempt,
  type DrainFacts,
  type DrainGuest,
  type DrainPhase,
  type DrainStanding,
  drainStateVersion,
  type Foreseen,
  type Obstacle,
  phaseOf as phaseOfDrain,
} from "./state.ts";
export { type DrainRejection, stepDrain } from "./step.ts";
export { timeLeft } from "./time-left.ts";
