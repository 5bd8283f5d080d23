import t from "tap";
import { hintFor, nearest } from "../../src/base/nearest.ts";

t.test("a mistyped name is led to the nearest that there is", async (t) => {
  const names = ["Server01", "Server02", "Cluster01"];
  t.equal(nearest("Sever02", names), "Server02", "a letter missing");
  t.equal(nearest("Server20", names), "Server02", "two letters exchanged");
  t.equal(nearest("server1", names), "Server01", "upper and lower case are alike");
  t.equal(nearest("Cluster1", names), "Cluster01");
});

t.test("a name that is near to nothing gets no suggestion", async (t) => {
  t.equal(nearest("billing", ["Server01", "Cluster01"]), undefined);
  t.equal(nearest("x", []), undefined);
  t.equal(nearest("clf", ["off", "json"]), undefined, "two of three letters are another word");
  t.equal(
    nearest("a".repeat(100_000), ["a".repeat(99_999)]),
    undefined,
    "nor does one that is absurdly long",
  );
});

t.test("the hint of an unknown name begins with the nearest", async (t) => {
  t.equal(
    hintFor("SERVER_UNKNOWN", "Server3", ["Server03"]).hint,
    'Did you mean "Server03"? `tidegate servers` lists the servers',
  );
  t.equal(hintFor("SERVER_UNKNOWN", "z", ["Server03"]).hint, "`tidegate servers` lists the servers");
});
