import t from "tap";
import type { RouterMessage } from "../../src/routing/messages.ts";
import { ChannelSender, packMessage, unpackMessage } from "../../src/system/channel.ts";

/** A sender over a channel that takes a message only when the test says so. */
function slowChannel(bytesMax: number): { sender: ChannelSender; take: () => void; close: () => void } {
  const waiting: (() => void)[] = [];
  let isOpen = true;
  const sender = new ChannelSender({
    bytesMax,
    isOpen: () => isOpen,
    send: (_message, _handle, sent) => void waiting.push(() => sent(null)),
  });
  return {
    sender,
    take: () => waiting.shift()?.(),
    close: () => {
      isOpen = false;
    },
  };
}

t.test(
  "a receiver that does not read is told apart once so many bytes wait, until it reads again [F4]",
  async (t) => {
    const { sender, take } = slowChannel(3000);
    t.equal(sender.post({}, 1000), "sent");
    t.equal(sender.post({}, 1000), "sent");
    t.equal(sender.post({}, 1000), "backed-up");
    take();
    t.equal(sender.post({}, 1000), "sent");
  },
);

t.test("nothing is thrown when the other end is gone", async (t) => {
  const { sender, close } = slowChannel(3000);
  close();
  t.equal(sender.post({}), "gone");
  t.equal(sender.waitingBytes, 0);
});

t.test("a process that leaves waits for its last messages", async (t) => {
  const { sender, take } = slowChannel(3000);
  let calls = 0;
  sender.whenDrained(() => {
    calls += 1;
  });
  t.equal(calls, 1);
  sender.post({}, 10);
  sender.post({}, 10);
  sender.whenDrained(() => {
    calls += 1;
  });
  take();
  t.equal(calls, 1);
  take();
  t.equal(calls, 2);
});

t.test("a message comes out as it went in, bytes among it", async (t) => {
  const message: RouterMessage = {
    kind: "sessions",
    from: "worker:1",
    ack: 7,
    bytes: Uint8Array.of(0, 1, 255),
  };
  t.same(unpackMessage(packMessage(message)), message);
});
