// hot: bench/cases.ts
// What the access log and own answers want to know of a request after its head's bytes are gone.

import { word } from "../http1/octets.ts";
import type { RequestHead } from "../http1/request-head.ts";
import * as is from "../http1/request-head.ts";
import { equalsValue } from "../http1/request-semantics.ts";

const WEBSOCKET = word("websocket");

/** Facts of one request, filled anew with each; texts are made only where somebody wants them. */
export class RequestFacts {
  isHead = false;
  isWebSocket = false;
  /** For the access log; empty while it is off. */
  requestLine = "";
  host = "";
  referer = "";
  userAgent = "";
  requestBytes = 0;

  /** Reads a head whose bytes are still there. Text is made only for a log that is on. */
  read(head: RequestHead, forLog: boolean): void {
    this.isHead = head.method === is.METHOD_HEAD;
    this.isWebSocket = head.upgradeField >= 0 && equalsValue(head, head.upgradeField, WEBSOCKET);
    this.requestBytes = head.end - head.start;
    if (!forLog) return;
    this.requestLine = `${head.bytes.toString("latin1", head.methodStart, head.targetEnd)} HTTP/1.${head.minor}`;
    this.host = head.bytes.toString("latin1", head.hostStart, head.hostEnd);
    this.referer = "";
    this.userAgent = "";
    for (let index = 0; index < head.fieldCount; index += 1) this.#readForLog(head, index);
  }

  /** The Accept field, while the head's bytes are still there. */
  acceptNow(head: RequestHead): string {
    for (let index = 0; index < head.fieldCount; index += 1) {
      if (head.fieldId[index] !== is.FIELD_ACCEPT) continue;
      return head.bytes.toString("latin1", head.valueStart[index], head.valueEnd[index]);
    }
    return "";
  }

  #readForLog(head: RequestHead, index: number): void {
    if (head.fieldId[index] !== is.FIELD_OTHER) return;
    const length = (head.nameEnd[index] as number) - (head.nameStart[index] as number);
    if (length !== 7 && length !== 10) return;
    const name = head.bytes.toString("latin1", head.nameStart[index], head.nameEnd[index]).toLowerCase();
    const value = (): string => head.bytes.toString("latin1", head.valueStart[index], head.valueEnd[index]);
    if (name === "referer") this.referer = value();
    else if (name === "user-agent") this.userAgent = value();
  }
}
