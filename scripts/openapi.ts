/** `npm run openapi` writes openapi.json anew, from what an orchestrator of this source serves. */
import { writeFile } from "node:fs/promises";
import { openapiFile, servedOpenapi } from "../test/support/openapi.ts";

await writeFile(openapiFile, await servedOpenapi());
