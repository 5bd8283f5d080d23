// tidegate explain URL

import { type Command, Option } from "commander";
import type { ExplainRequest } from "../admin/routes/explain.ts";
import type { ExplainAnswer } from "../control/operations.ts";
import { type Cli, type ClientOptions, examples, printJson, usageError, withClientOptions } from "./cli.ts";
import { AdminClient } from "./client.ts";
import { fields } from "./table.ts";

interface ExplainOptions extends ClientOptions {
  readonly header: readonly string[];
  readonly cookie: readonly string[];
  readonly request: string;
  readonly client?: string;
}

/** Adds the command. */
export function addExplain(program: Command, cli: Cli): void {
  withClientOptions(
    program
      .command("explain")
      .argument("<url>", "as a browser has it; without a host it is localhost")
      .addOption(repeatable("-H, --header <field>", "a header field, as 'Name: value'; may be repeated"))
      .addOption(repeatable("-b, --cookie <cookie>", "cookies, as 'name=value; name=value'; may be repeated"))
      .option("-X, --request <method>", "the method", "GET")
      .option("--client <address>", "address of the client"),
  )
    .summary("say where a request would go, and why, without sending it")
    .description(
      "Says which virtual host, application, edition and server a request would get, and why, from the routing table " +
        "in force. Nothing is sent. The options are those of curl.",
    )
    .addHelpText(
      "after",
      examples(
        ["tidegate explain http://shop.example.com/shop/cart", "a new user"],
        ["tidegate explain /shop/cart -b 'JSESSIONID=0000A1B2:s1'", "a user with a session"],
        ["tidegate explain /shop/ -H 'Host: shop.example.com:8443'", "another host"],
      ),
    )
    .action((url: string, _options: unknown, command: Command) =>
      explain(cli, command.optsWithGlobals(), url),
    );
}

async function explain(cli: Cli, options: ExplainOptions, written: string): Promise<void> {
  const url = absolute(written);
  const headers = options.header.map(parseField);
  if (options.cookie.length > 0) headers.push(["cookie", options.cookie.join("; ")]);
  const body: ExplainRequest = {
    method: options.request,
    url,
    headers,
    ...(options.client === undefined ? {} : { clientAddress: options.client }),
  };
  const answer = await new AdminClient(cli, options).call<ExplainAnswer>({
    method: "POST",
    path: "/v1/explain",
    body,
  });
  if (options.json === true) return printJson(cli.terminal, answer);
  print(cli, `${options.request} ${url}`, answer);
}

function print({ terminal }: Cli, request: string, answer: ExplainAnswer): void {
  const { server, address, application, edition, ownStatus } = answer;
  const destination =
    ownStatus === null
      ? `${server} (${address}), edition ${edition} of ${application}`
      : `nowhere: the router itself answers ${ownStatus}`;
  terminal.out(`${request}\n`);
  terminal.out(
    fields(
      [
        ["goes to", destination],
        ["virtual host", answer.virtualHost],
        ["application", application],
        ["context root", answer.contextRoot],
        ["affinity", answer.affinity],
        ["revision", answer.revision],
      ],
      terminal,
    ),
  );
  if (answer.steps.length > 0) terminal.out("because\n");
  for (const [index, step] of answer.steps.entries()) terminal.out(`  ${index + 1}. ${step}\n`);
}

/** An option that is given any number of times. */
function repeatable(flags: string, description: string): Option {
  return new Option(flags, description)
    .argParser((value: string, before: readonly string[]) => [...before, value])
    .default([], "none");
}

function parseField(text: string): readonly [string, string] {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/.exec(text);
  if (match?.[1] !== undefined) return [match[1].toLowerCase(), match[2] ?? ""];
  throw usageError(`"${text}" is no header field`, "Write -H 'Name: value'");
}

function absolute(url: string): string {
  const whole = url.startsWith("/")
    ? `http://localhost${url}`
    : /^https?:\/\//i.test(url)
      ? url
      : `http://${url}`;
  if (URL.canParse(whole)) return whole;
  throw usageError(`"${url}" is no URL`, "Write it as a browser has it: http://shop.example.com/shop/");
}
