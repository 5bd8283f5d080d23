// What holds inside a file: sizes, names that only `src/system` may use, types, docstrings, headers.

import type { Node } from "typescript/unstable/ast";
import { SyntaxKind } from "typescript/unstable/ast";
import {
  isIdentifier,
  isPropertyAccessExpression,
  isTypeReferenceNode,
  isVariableStatement,
} from "typescript/unstable/ast/is";
import { getLeadingCommentRanges } from "typescript/unstable/ast/scanner";
import type { Offence, Source } from "./sources.ts";
import { isThere, lineOf, placeOf, visitAll } from "./sources.ts";

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 60;

/** The clock, randomness and the process: passed in everywhere but in `src/system`. */
const WORLD_NAMES: ReadonlySet<string> = new Set([
  "Date",
  "performance",
  "process",
  "setTimeout",
  "setInterval",
  "clearTimeout",
  "clearInterval",
]);

/** Modules by which the same names would come in. */
const WORLD_MODULES =
  /from "(node:timers(\/promises)?|node:process|node:perf_hooks|timers|process|perf_hooks)"/;

const FUNCTION_KINDS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

/** Nodes whose `name` is a new name, not a use of the global one. */
const NAMING_KINDS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.PropertyAssignment,
  SyntaxKind.PropertySignature,
  SyntaxKind.PropertyDeclaration,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.MethodSignature,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

/** Files that are too long to be read at one sitting. A line `// long:` in the header gives the reason, and lets it be. */
export function longFiles(sources: readonly Source[]): readonly Offence[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.split("\n").length - 1;
    const header = text.slice(0, text.search(/^[^/\n]/m));
    if (lines <= FILE_LINES_MAX || /^\/\/ long: \S/m.test(header)) return [];
    return [`${path} has ${lines} lines, more than ${FILE_LINES_MAX}`];
  });
}

/** Functions that are too long. A comment `// long:` right before or at the start of one gives the reason, and lets it be. */
export function longFunctions(sources: readonly Source[]): readonly Offence[] {
  return sources.flatMap((source) => {
    const offences: Offence[] = [];
    visitAll(source.tree, (node) => {
      if (!FUNCTION_KINDS.has(node.kind)) return;
      const start = node.getStart(source.tree);
      const lines = lineOf(source, node.end) - lineOf(source, start) + 1;
      if (lines <= FUNCTION_LINES_MAX || hasReason(source, node)) return;
      offences.push(`${placeOf(source, node)} has a function of ${lines} lines`);
    });
    return offences;
  });
}

function hasReason(source: Source, node: Node): boolean {
  const before = source.text.slice(node.pos, node.getStart(source.tree));
  return /\blong: /.test(before);
}

/** Uses of the clock, randomness or the process outside of `src/system`. */
export function worldNames(sources: readonly Source[]): readonly Offence[] {
  return sources
    .filter(({ path, folder }) => path.startsWith("src/") && folder !== "system")
    .flatMap((source) => {
      const offences: Offence[] = [];
      const modules = WORLD_MODULES.exec(source.text);
      if (modules !== null) offences.push(`${source.path} imports ${modules[1]}`);
      visitAll(source.tree, (node) => {
        const name = worldNameOf(node);
        if (name !== undefined) offences.push(`${placeOf(source, node)} names ${name}`);
      });
      return offences;
    });
}

function worldNameOf(node: Node): string | undefined {
  if (isPropertyAccessExpression(node) && isIdentifier(node.expression) && node.expression.text === "Math") {
    return node.name.text === "random" ? "Math.random" : undefined;
  }
  if (!isIdentifier(node) || !WORLD_NAMES.has(node.text)) return undefined;
  const { parent } = node;
  if (isPropertyAccessExpression(parent) && parent.name === node) return undefined; // `socket.setTimeout`
  if (NAMING_KINDS.has(parent.kind) && "name" in parent && parent.name === node) return undefined;
  return isTypeReferenceNode(parent) ? undefined : node.text;
}

/** `any`, `!`, comments that silence the compiler, and default exports. */
export function looseTypes(sources: readonly Source[]): readonly Offence[] {
  return sources.flatMap((source) => {
    const offences: Offence[] = [];
    const silenced = /@ts-(ignore|expect-error|nocheck)/.exec(source.text);
    if (silenced !== null && !source.path.startsWith("test/tidy/")) {
      offences.push(`${source.path} has ${silenced[0]}`);
    }
    visitAll(source.tree, (node) => {
      if (node.kind === SyntaxKind.AnyKeyword) offences.push(`${placeOf(source, node)} has the type any`);
      if (node.kind === SyntaxKind.NonNullExpression) offences.push(`${placeOf(source, node)} has a !`);
      if (node.kind === SyntaxKind.ExportAssignment || node.kind === SyntaxKind.DefaultKeyword) {
        if (node.parent.kind !== SyntaxKind.DefaultClause) {
          offences.push(`${placeOf(source, node)} has a default export`);
        }
      }
    });
    return offences;
  });
}

/**
 * Exports of `src` without a docstring. One docstring is enough for all that bears one name, and for names of one line
 * each that follow one another without an empty line, such as the codes of octets.
 */
export function undocumentedExports(sources: readonly Source[]): readonly Offence[] {
  return sources.filter(({ path }) => path.startsWith("src/")).flatMap(undocumentedIn);
}

function undocumentedIn(source: Source): readonly Offence[] {
  const documented = new Set<string>();
  const missing: Node[] = [];
  let covered = -1; // line up to which a docstring reaches
  for (const statement of source.tree.statements) {
    if (!isExported(statement)) continue;
    const first = lineOf(source, statement.getStart(source.tree));
    const last = lineOf(source, statement.end);
    const isInRow = first === last && first === covered + 1;
    if (hasDocstring(source, statement) || isInRow) {
      documented.add(exportedName(statement));
      covered = last;
    } else {
      missing.push(statement);
    }
  }
  return missing
    .filter((statement) => !documented.has(exportedName(statement)))
    .map(
      (statement) => `${placeOf(source, statement)} exports ${exportedName(statement)} without a docstring`,
    );
}

function isExported(node: Node): boolean {
  const modifiers: unknown = "modifiers" in node ? node.modifiers : undefined;
  return (
    Array.isArray(modifiers) && modifiers.some((modifier: Node) => modifier.kind === SyntaxKind.ExportKeyword)
  );
}

function exportedName(node: Node): string {
  const named = isVariableStatement(node) ? node.declarationList.declarations[0] : node;
  const name: unknown = named !== undefined && "name" in named ? named.name : undefined;
  return typeof name === "object" && name !== null && "text" in name ? String(name.text) : "something";
}

function hasDocstring(source: Source, node: Node): boolean {
  const comments = getLeadingCommentRanges(source.text, node.pos) ?? [];
  const last = comments.at(-1);
  return last !== undefined && source.text.startsWith("/**", last.pos);
}

/** Files that do not begin with a comment that says what they are for. */
export function withoutHeader(sources: readonly Source[]): readonly Offence[] {
  return sources
    .filter(({ path, text }) => path.startsWith("src/") && !/^(#!.*\n)?\/\/ \S/.test(text))
    .map(({ path }) => `${path} does not begin with a comment that says what it is for`);
}

/** Hot files whose header names no bench that is there. */
export function hotWithoutBench(sources: readonly Source[]): readonly Offence[] {
  return sources.flatMap(({ path, text }) => {
    const header = /^\/\/ hot:(.*)$/m.exec(text);
    if (header === null || !path.startsWith("src/")) return [];
    const benches = (header[1] ?? "").split(",").map((name) => name.trim());
    if (!text.startsWith("// hot:")) return [`${path} has its "// hot:" not in the first line`];
    return benches.filter((bench) => !isThere(bench)).map((bench) => `${path} names the bench "${bench}"`);
  });
}

/** Folders of `src` with a drawn state machine and no README. */
export function statesWithoutReadme(sources: readonly Source[]): readonly Offence[] {
  const folders = sources
    .filter(({ text, folder }) => folder !== "" && /^\/\/ .*(──|─▶|⇄)/m.test(text))
    .map(({ folder }) => folder);
  return [...new Set(folders)]
    .filter((folder) => !isThere(`src/${folder}/README.md`))
    .map((folder) => `src/${folder} draws states and has no README.md`);
}
