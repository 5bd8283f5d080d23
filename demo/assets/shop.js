// The shop's script: changes the cart without leaving the page, and keeps a WebSocket open to whoever serves.
(() => {
  const byId = (id) => document.getElementById(id);
  const TICKER_LINES = 7;

  const since = byId("since");
  since.textContent = new Date(since.dateTime).toLocaleTimeString();

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.action.endsWith("/shop/cart")) return;
    event.preventDefault();
    const { id } = document.activeElement?.closest("[id]") ?? {};
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        headers: { accept: "application/json" },
      });
      const answer = await response.json();
      if (!response.ok || answer.isLost) return location.reload();
      byId("cart").innerHTML = answer.cartHtml;
      byId("count").textContent = answer.pieces;
      byId("requests").textContent = answer.requests;
      byId("server").textContent = answer.server;
      byId("edition").textContent = answer.edition;
      if (id) byId(id)?.focus?.();
    } catch {
      location.reload(); // shows what the server or the proxy says
    }
  });

  const say = (text) => {
    const line = document.createElement("li");
    const words = document.createElement("span");
    const at = document.createElement("time");
    words.textContent = text;
    at.textContent = new Date().toLocaleTimeString();
    line.append(words, at);
    byId("ticker").prepend(line);
    while (byId("ticker").children.length > TICKER_LINES) byId("ticker").lastChild.remove();
  };

  const state = (text, look) => {
    byId("live-state").textContent = text;
    byId("dot").className = `dot ${look}`;
  };

  let pauseMs = 500;
  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/shop/live`);
    let isFirst = true;
    state("Connecting …", "");
    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      pauseMs = 500;
      state(`Connected to ${message.server}, edition ${message.edition}`, "open");
      if (isFirst) say(`connected to ${message.server}`);
      else say(`${message.server}: ${message.sessions} sessions, ${message.connected} watching`);
      isFirst = false;
    };
    socket.onclose = (event) => {
      const reason = event.reason ? ` "${event.reason}"` : "";
      say(`closed with code ${event.code}${reason}`);
      state(`Closed with code ${event.code}${reason}; connecting again …`, "lost");
      setTimeout(connect, pauseMs);
      pauseMs = Math.min(pauseMs * 2, 8000);
    };
  };
  connect();
})();
