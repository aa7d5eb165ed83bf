#!/usr/bin/env -S node --conditions=source --disable-warning=ExperimentalWarning
import { register } from "tsx/esm/api";

// A checkout runs from its sources: the condition above resolves the workspaces to them, tsx reads them.
register();
await import("../src/main.ts");
