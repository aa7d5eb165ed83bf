import type { Rung } from "@godwit/contract";
import type { ReactNode } from "react";
import { Icon } from "../parts/icon.tsx";
import { type DraftRung, remedies } from "./draft.ts";
import { SelectField, TextField } from "../parts/fields.tsx";

interface LadderParts {
  rungs: DraftRung[];
  set: (rungs: DraftRung[]) => void;
  wrongAt: (pointer: string) => string | undefined;
}

/** The remedies that may be tried, in their order, each at most once. */
export function Ladder({ rungs, set, wrongAt }: LadderParts): ReactNode {
  const left = Object.entries(remedies).filter(([remedy]) => !rungs.some((rung) => rung.remedy === remedy));
  const add = (wanted: string) => {
    const found = left.find(([remedy]) => remedy === wanted)?.[0];
    if (isRemedy(found)) set([...rungs, { remedy: found, most: "" }]);
  };
  return (
    <fieldset className="min-w-0">
      <legend className="label mb-1">Before it gives up</legend>
      {rungs.length === 0 && <p className="mb-1.5">Nothing is tried: it is aborted.</p>}
      <ol className="grid gap-1.5">
        {rungs.map((rung, place) => (
          <Line
            key={rung.remedy}
            rung={rung}
            place={place}
            wrong={wrongOf(wrongAt, place)}
            set={(most) => set(rungs.with(place, { ...rung, most }))}
            up={() => set(raised(rungs, place))}
            remove={() => set(rungs.toSpliced(place, 1))}
          />
        ))}
      </ol>
      {left.length > 0 && (
        <div className="mt-1.5 max-w-80">
          <SelectField
            label="Add a remedy"
            value=""
            set={add}
            options={{ "": "choose one", ...Object.fromEntries(left.map(([remedy, { text }]) => [remedy, text])) }}
            wrong={wrongAt("/settings/ladder")}
          />
        </div>
      )}
    </fieldset>
  );
}

function Line({
  rung: { remedy, most },
  place,
  wrong,
  set,
  up,
  remove,
}: {
  rung: DraftRung;
  place: number;
  wrong: string | undefined;
  set: (most: string) => void;
  up: () => void;
  remove: () => void;
}): ReactNode {
  const { text, most: asked } = remedies[remedy];
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_160px_auto] items-end gap-x-3 rounded-md border border-line px-3 py-2 max-sm:grid-cols-1 max-sm:gap-y-1.5">
      <span className="self-center">{`${place + 1}. ${text}`}</span>
      {asked === undefined ? (
        <span />
      ) : (
        <TextField
          label={asked.label}
          type="number"
          unit={asked.unit}
          placeholder={asked.needed ? "" : "no bound"}
          value={most}
          set={set}
          wrong={wrong}
        />
      )}
      <span className="flex gap-1.5">
        <button
          type="button"
          className="button !px-2"
          disabled={place === 0}
          aria-label={`Try sooner: ${text}`}
          onClick={up}
        >
          <Icon name="up" />
        </button>
        <button type="button" className="button !px-2" aria-label={`Leave out: ${text}`} onClick={remove}>
          <Icon name="cross" />
        </button>
      </span>
    </li>
  );
}

/** Whatever its field is called, a remedy has one figure. */
function wrongOf(wrongAt: LadderParts["wrongAt"], place: number): string | undefined {
  const at = `/settings/ladder/${place}`;
  return ["maxMs", "maxShare", "maxBytesPerSec"].flatMap((name) => wrongAt(`${at}/${name}`) ?? [])[0] ?? wrongAt(at);
}

function raised(rungs: DraftRung[], place: number): DraftRung[] {
  const rung = rungs[place];
  return rung === undefined ? rungs : rungs.toSpliced(place, 1).toSpliced(place - 1, 0, rung);
}

function isRemedy(text: string | undefined): text is Rung["remedy"] {
  return text !== undefined && text in remedies;
}
