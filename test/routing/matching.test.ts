import t from "tap";
import { BAD_PATH, NO_APPLICATION, NO_VIRTUAL_HOST } from "../../src/routing/decision.ts";
import type { ApplicationEntry } from "../../src/routing/table.ts";
import { application, instance, type Rig, request, rig, table } from "./support.ts";

/** An application that answers with its own id as its only server. */
function named(id: string, more: Partial<ApplicationEntry>): ApplicationEntry {
  return application([instance(id, { key: `${id}/1/${id}` })], { id, ...more });
}

function byPath(applications: Readonly<Record<string, Partial<ApplicationEntry>>>): Rig {
  const entries = Object.entries(applications).map(([id, more]) => named(id, { contextRoots: [], ...more }));
  return rig(table(entries));
}

t.test(
  "the exact path wins over the longest prefix, this over the extension, this over /* [R1]",
  async (t) => {
    const site = byPath({
      everything: { paths: ["/*"] },
      pages: { paths: ["*.jsp"] },
      shop: { contextRoots: ["/shop"] },
      cart: { paths: ["/shop/cart/*"] },
      hello: { paths: ["/shop/cart/hello"] },
    });
    const cases: Readonly<Record<string, string>> = {
      "/": "everything",
      "/other": "everything",
      "/shopping": "everything",
      "/other.jsp": "pages",
      "/a/b.jsp?x=/shop": "pages",
      "/jsp": "everything",
      "/.jsp": "pages",
      "/shop": "shop",
      "/shop/": "shop",
      "/shop/a.jsp": "shop",
      "/shop/cartoon": "shop",
      "/shop/cart": "cart",
      "/shop/cart/x": "cart",
      "/shop/cart/hello": "hello",
      "/shop/cart/hello/": "cart",
      "/shop/cart/hello?q": "hello",
      "/SHOP": "everything",
    };
    for (const [path, id] of Object.entries(cases)) t.equal(site.serverFor(request(path)), id, path);
  },
);

t.test("of two equal patterns the one declared first wins [R1]", async (t) => {
  const site = byPath({
    one: { contextRoots: ["/a"] },
    two: { paths: ["/a/*"] },
    three: { contextRoots: ["/"] },
  });
  t.equal(site.serverFor(request("/a/b")), "one");
  t.equal(site.serverFor(request("/b")), "three");
});

t.test(
  "a path is matched decoded, without parameters, with dot segments and double slashes resolved [R1]",
  async (t) => {
    const site = byPath({
      shop: { contextRoots: ["/shop"] },
      admin: { contextRoots: ["/admin"] },
      cafe: { contextRoots: ["/café"] },
      pages: { paths: ["*.jsp"] },
    });
    const cases: Readonly<Record<string, string | number>> = {
      "/sh%6Fp/cart": "shop",
      "/%73hop": "shop",
      "/caf%C3%A9/menu": "cafe",
      "//shop": "shop",
      "/./shop": "shop",
      "/x/../shop/y": "shop",
      "/shop/../admin": "admin",
      "/shop/%2e%2e/admin/x": "admin",
      "/shop/.%2E/admin": "admin",
      "/shop/a/b/../../../admin": "admin",
      "/shop;jsessionid=abc:s1": "shop",
      "/shop;a=b/cart;c=d/": "shop",
      "/x.jsp;jsessionid=abc": "pages",
      "/;x/shop": "shop",
      "/shop/..": NO_APPLICATION,
      "/shop/...": "shop",
      "/shop/.hidden": "shop",
      "/%2573hop": NO_APPLICATION,
    };
    for (const [path, expected] of Object.entries(cases))
      t.equal(site.serverFor(request(path)), expected, path);
  },
);

t.test("a path that cannot be decoded without doubt is refused [R1]", async (t) => {
  const site = byPath({ shop: { contextRoots: ["/shop"] }, admin: { contextRoots: ["/admin"] } });
  const cases: Readonly<Record<string, string | number>> = {
    "/shop/%": BAD_PATH,
    "/shop/%4": BAD_PATH,
    "/shop/%zz": BAD_PATH,
    "/shop/a%00b": BAD_PATH,
    "/shop;x=%00": BAD_PATH,
    "/../shop": BAD_PATH,
    "/shop/../../admin": BAD_PATH,
    // Servers disagree on these; where both readings lead to one application there is no doubt.
    "/shop/a%2Fb": "shop",
    "/shop/a%5cb": "shop",
    "/shop/..;/x": BAD_PATH,
    "/shop/..%2Fadmin": BAD_PATH,
    "/shop/..;x=y/admin": BAD_PATH,
    "/shop%2Fcart": BAD_PATH,
    "/shop/..\\admin": BAD_PATH,
    "/shop/a/..;/b": "shop",
  };
  for (const [path, expected] of Object.entries(cases))
    t.equal(site.serverFor(request(path)), expected, path);
});

t.test("a very long path is matched like a short one [F4]", async (t) => {
  const site = byPath({ shop: { contextRoots: ["/shop"] } });
  t.equal(site.serverFor(request(`/shop/${"a/".repeat(10_000)}`)), "shop");
  t.equal(site.serverFor(request(`/sh%6fp/${"a/../".repeat(8000)}x`)), "shop");
});

const HOSTS = ["exact", "anyport", "suffixport", "suffix", "longer", "port", "all"];

t.test("the most specific virtual host wins, whatever was declared first [R1, R2]", async (t) => {
  const site = rig(
    table(
      HOSTS.map((name) => named(name, { contextRoots: ["/"], virtualHosts: [name] })),
      [
        { name: "all", aliases: ["*:*"] },
        { name: "port", aliases: ["*:8080"] },
        { name: "suffix", aliases: ["*.example"] },
        { name: "longer", aliases: ["*.b.example:*"] },
        { name: "suffixport", aliases: ["*.example:8080"] },
        { name: "anyport", aliases: ["shop.example", "[2001:DB8::1]"] },
        { name: "exact", aliases: ["shop.example:8080", "[2001:db8::1]:8080", "extra.test:80"] },
      ],
    ),
  );
  const cases: Readonly<Record<string, string>> = {
    "shop.example:8080": "exact",
    "SHOP.Example:8080": "exact",
    "shop.example.:8080": "exact",
    "shop.example:81": "anyport",
    "shop.example": "anyport",
    "shop.example:": "anyport",
    "a.example:8080": "suffixport",
    "a.example": "suffix",
    "a.b.example": "longer",
    "a.b.example:8080": "longer",
    "b.example": "suffix",
    "example:8080": "port",
    example: "all",
    "[2001:db8::1]:8080": "exact",
    "[2001:db8::1]": "anyport",
    "[2001:db8::2]:8080": "port",
    "127.0.0.1:8080": "port",
    "extra.test": "exact",
  };
  for (const [host, name] of Object.entries(cases))
    t.equal(site.serverFor(request("/", [], host)), name, host);
  t.equal(site.serverFor(request("/", [], "shop.example"), { port: 8080 }), "exact", "the listener's port");
  t.equal(
    site.serverFor(request("/", [], "shop.example:8080"), { virtualHost: "all" }),
    "all",
    "the listener's host",
  );
  t.equal(site.serverFor(request("/"), { virtualHost: "unknown" }), NO_VIRTUAL_HOST);
});

t.test("absolute-form goes by its own authority, not by the Host field [W10]", async (t) => {
  const site = rig(
    table(
      [named("one", { contextRoots: ["/"], virtualHosts: ["one"] })],
      [{ name: "one", aliases: ["one.example"] }],
    ),
  );
  t.equal(site.serverFor(request("http://one.example/x", [], "two.example")), "one");
  t.equal(site.serverFor(request("http://one.example", [], "two.example")), "one");
  t.equal(site.serverFor(request("/x", [], "two.example")), NO_VIRTUAL_HOST);
});

t.test(
  "the virtual host decides before the path: what it does not have is not found elsewhere [R1]",
  async (t) => {
    const site = rig(
      table(
        [
          named("shop", { contextRoots: ["/shop"], virtualHosts: ["narrow"] }),
          named("all", { contextRoots: ["/"], virtualHosts: ["wide"] }),
        ],
        [
          { name: "narrow", aliases: ["shop.example"] },
          { name: "wide", aliases: ["*"] },
        ],
      ),
    );
    t.equal(site.serverFor(request("/shop", [], "shop.example")), "shop");
    t.equal(site.serverFor(request("/x", [], "shop.example")), NO_APPLICATION);
    t.equal(site.serverFor(request("/x", [], "other.example")), "all");
  },
);

t.test("many applications and hosts are found like few [N3]", async (t) => {
  const hosts = Array.from({ length: 1000 }, (_, index) => ({
    name: `host${index}`,
    aliases: [`h${index}.example:*`],
  }));
  const site = rig(
    table(
      hosts.map((host, index) =>
        named(`app${index}`, { virtualHosts: [host.name], contextRoots: [`/r${index % 10}/x`] }),
      ),
      hosts,
    ),
  );
  for (let index = 0; index < 1000; index += 37) {
    t.equal(site.serverFor(request(`/r${index % 10}/x/y`, [], `h${index}.example`)), `app${index}`);
    t.equal(site.serverFor(request(`/r${(index + 1) % 10}/x`, [], `h${index}.example`)), NO_APPLICATION);
  }
});
