// All TypeScript sources of the project as syntax trees, read with the compiler's own parser.

import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Node, SourceFile } from "typescript/unstable/ast";
import { SyntaxKind } from "typescript/unstable/ast";
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isStringLiteral,
} from "typescript/unstable/ast/is";
import { API } from "typescript/unstable/sync";

/** One file: its path from the root of the project, its text and its tree. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: SourceFile;
  /** First folder below `src`; `""` for a file in `src` itself and for files elsewhere. */
  readonly folder: string;
}

/** An import or re-export: what it names, and the path from the root where it is a file of the project. */
export interface Import {
  readonly specifier: string;
  readonly target: string | undefined;
  readonly isTypeOnly: boolean;
  readonly isReexport: boolean;
}

/** Something that breaks a rule: where, and what. */
export type Offence = string;

/** The project's root: tests are run from there. */
export const ROOT: string = process.cwd();

/** Reads every file that the compiler's project has. The compiler's process has ended when this resolves. */
export async function readSources(): Promise<readonly Source[]> {
  const compilers: ChildProcess[] = [];
  const note = (message: unknown): void => {
    compilers.push((message as { readonly process: ChildProcess }).process); // as Node documents the channel
  };
  subscribe("child_process", note);
  const api = new API({ cwd: ROOT });
  try {
    return readWith(api);
  } finally {
    unsubscribe("child_process", note);
    const ended = compilers.map(endOf);
    api.close();
    await Promise.all(ended);
  }
}

function readWith(api: API): readonly Source[] {
  const config = join(ROOT, "tsconfig.json");
  const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
  if (project === undefined) throw new Error(`The compiler does not open ${config}`);
  return project.program
    .getSourceFileNames()
    .map((file) => ({ file, path: relative(ROOT, file) }))
    .filter(({ path }) => /^(src|test|bench|demo)\//.test(path) && !path.includes("node_modules"))
    .map(({ file, path }) => toSource(path, project.program.getSourceFile(file)));
}

async function endOf(child: ChildProcess): Promise<void> {
  child.ref(); // the compiler's client lets go of it, and would leave it behind
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

function toSource(path: string, tree: SourceFile | undefined): Source {
  if (tree === undefined) throw new Error(`The compiler does not know ${path}`);
  const parts = path.split("/");
  const folder = parts[0] === "src" && parts.length > 2 ? (parts[1] ?? "") : "";
  return { path, text: readFileSync(join(ROOT, path), "utf8"), tree, folder };
}

/** Calls for every node of the tree, parents first. */
export function visitAll(node: Node, visit: (node: Node) => void): void {
  visit(node);
  node.forEachChild((child) => visitAll(child, visit));
}

/** Line of a position, from 1. */
export function lineOf(source: Source, position: number): number {
  let line = 1;
  for (let at = source.text.indexOf("\n"); at >= 0 && at < position; at = source.text.indexOf("\n", at + 1)) {
    line += 1;
  }
  return line;
}

/** Where a node begins, for people: `src/x.ts:12`. */
export function placeOf(source: Source, node: Node): string {
  return `${source.path}:${lineOf(source, node.getStart(source.tree))}`;
}

/** Imports, re-exports and `import()`s of a file. */
export function importsOf(source: Source): readonly Import[] {
  const dynamic: Import[] = [];
  visitAll(source.tree, (node) => {
    if (!isCallExpression(node) || node.expression.kind !== SyntaxKind.ImportKeyword) return;
    const [first] = node.arguments;
    if (first === undefined || !isStringLiteral(first)) return;
    dynamic.push(toImport(source, { specifier: first.text, isTypeOnly: false, isReexport: false }));
  });
  return [...staticImportsOf(source), ...dynamic];
}

function staticImportsOf(source: Source): readonly Import[] {
  return source.tree.statements.flatMap((statement) => {
    if (isImportDeclaration(statement) && isStringLiteral(statement.moduleSpecifier)) {
      const specifier = statement.moduleSpecifier.text;
      const isTypeOnly = statement.importClause?.phaseModifier === SyntaxKind.TypeKeyword;
      return [toImport(source, { specifier, isTypeOnly, isReexport: false })];
    }
    const from = isExportDeclaration(statement) ? statement.moduleSpecifier : undefined;
    if (from === undefined || !isStringLiteral(from)) return [];
    return [toImport(source, { specifier: from.text, isTypeOnly: false, isReexport: true })];
  });
}

function toImport(source: Source, found: Omit<Import, "target">): Import {
  const target = found.specifier.startsWith(".") ? join(dirname(source.path), found.specifier) : undefined;
  return { ...found, target };
}

/** True for a file or folder of the project, by its path from the root. */
export function isThere(path: string): boolean {
  return existsSync(join(ROOT, path));
}

/** A text file of the project. */
export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}
