// Which folder may import which: the table of src/README.md, and what else holds for imports.

import { basename } from "node:path";
import type { Import, Offence, Source } from "./sources.ts";
import { importsOf, textOf } from "./sources.ts";

/** What a folder may import of another: anything, types only, or certain files only. */
interface Permission {
  readonly typesOnly: boolean;
  /** Beginnings of file names such as `messages`; empty for all files. */
  readonly files: readonly string[];
}

type Permissions = ReadonlyMap<string, Permission>;

const ANYTHING: Permission = { typesOnly: false, files: [] };

/** The table as permissions by folder. Throws where it cannot be understood: then the table is wrong. */
export function readImportTable(): ReadonlyMap<string, Permissions> {
  const rows = [...textOf("src/README.md").matchAll(/^\| `([a-z0-9-]+)` \| ([^|]+) \|/gm)];
  const folders = rows.map(([, folder]) => folder ?? "");
  return new Map(rows.map(([, folder = "", may = ""]) => [folder, readCell(may.trim(), folders)]));
}

function readCell(cell: string, folders: readonly string[]): Permissions {
  if (cell === "nothing") return new Map();
  if (cell.startsWith("all but ")) {
    const excluded = namesIn(cell);
    return new Map(folders.filter((folder) => !excluded.includes(folder)).map((name) => [name, ANYTHING]));
  }
  return new Map(cell.split(/,\s*(?![^(]*\))/).map(readPermission));
}

function readPermission(text: string): readonly [string, Permission] {
  const match = /^(types of )?`([a-z0-9-]+)`(?: \(([^)]+)\))?$/.exec(text.trim());
  if (match === null) throw new Error(`src/README.md: "${text}" is not understood as what may be imported`);
  const [, types, name = "", inBrackets = ""] = match;
  const isTypes = types !== undefined || inBrackets === "types";
  const files =
    isTypes || inBrackets === "" ? [] : inBrackets.split(/, /).map((word) => word.replace(/s$/, ""));
  return [name, { typesOnly: isTypes, files }];
}

function namesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([a-z0-9-]+)`/g)].map(([, name]) => name ?? "");
}

/** Folders of `src` that the table does not have, and the other way round. */
export function foldersWithoutRow(sources: readonly Source[]): readonly Offence[] {
  const table = readImportTable();
  const folders = new Set(sources.map((source) => source.folder).filter((folder) => folder !== ""));
  return [
    ...[...folders]
      .filter((folder) => !table.has(folder))
      .map((folder) => `src/${folder} is not in the table`),
    ...[...table.keys()]
      .filter((folder) => !folders.has(folder))
      .map((folder) => `${folder} is no folder of src`),
  ];
}

/** Imports that go where the table does not let them. */
export function forbiddenImports(sources: readonly Source[]): readonly Offence[] {
  const table = readImportTable();
  return sources
    .filter((source) => source.folder !== "")
    .flatMap((source) => {
      const permissions = table.get(source.folder) ?? new Map<string, Permission>();
      return importsOf(source).flatMap((one) => {
        const why = whyForbidden(source, one, permissions);
        return why === undefined ? [] : [`${source.path} imports ${one.specifier}: ${why}`];
      });
    });
}

function whyForbidden(source: Source, one: Import, permissions: Permissions): string | undefined {
  if (one.target === undefined) return undefined;
  const [top, folder = "", rest] = one.target.split("/");
  if (top !== "src") return "it is outside of src";
  if (rest === undefined) return "composition roots are imported by nobody";
  if (folder === source.folder) return undefined;
  const permission = permissions.get(folder);
  if (permission === undefined) return `${source.folder} may not import ${folder}`;
  if (permission.typesOnly && !one.isTypeOnly) return `${source.folder} may import types of ${folder} only`;
  const name = basename(one.target);
  const isListed = permission.files.length === 0 || permission.files.some((file) => name.startsWith(file));
  return isListed
    ? undefined
    : `${source.folder} may import ${permission.files.join(", ")} of ${folder} only`;
}

/** Specifiers that are not written as they should be, and re-exports: a thing is imported from where it is. */
export function oddSpecifiers(sources: readonly Source[]): readonly Offence[] {
  return sources.flatMap((source) =>
    importsOf(source).flatMap(({ specifier, isReexport }) => {
      if (isReexport) return [`${source.path} exports from ${specifier}: no barrels`];
      if (!specifier.startsWith(".") || specifier.endsWith(".ts")) return [];
      return [`${source.path} imports ${specifier}: relative imports end in .ts`];
    }),
  );
}

/** Files of `src` that no process comes to by imports. */
export function unreachable(sources: readonly Source[], roots: readonly string[]): readonly Offence[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const queue = [...roots];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const source = byPath.get(path);
    if (source === undefined || reached.has(path)) continue;
    reached.add(path);
    for (const { target } of importsOf(source)) if (target !== undefined) queue.push(target);
  }
  return sources
    .filter(({ path }) => path.startsWith("src/") && !reached.has(path))
    .map(({ path }) => `${path} is imported by nothing that runs`);
}
