import t, { type Test } from "tap";
import { clientFrame, FrameReader, serverFrame } from "../../../bench/load/frames.ts";

t.test("an echo's frames are read whole, however they are cut", async (t: Test) => {
  for (const bytes of [0, 64, 125, 126, 40_000]) {
    const payload = Buffer.alloc(bytes, "m");
    const sent = Buffer.concat([clientFrame(payload), serverFrame(payload)]);
    for (const cut of [1, 3, 5, sent.length >> 1, sent.length - 1]) {
      const reader = new FrameReader();
      const first = reader.read(Buffer.from(sent.subarray(0, cut))).map((read) => Buffer.from(read));
      const second = reader.read(Buffer.from(sent.subarray(cut))).map((read) => Buffer.from(read));
      t.same([...first, ...second], [payload, payload]);
    }
  }
});
