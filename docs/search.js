// Search asks a worker, and browsers start none for pages that are opened from a folder. There, a frame takes its place.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.srcdoc = "<!doctype html>";
      this.room = new Promise((ready) => (frame.onload = () => this.furnish(frame.contentWindow, address, ready)));
      document.body.append(frame);
    }

    furnish(room, address, ready) {
      room.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      const script = room.document.createElement("script");
      script.onload = () => ready(room);
      script.src = address;
      room.document.body.append(script);
    }

    postMessage(data) {
      this.room.then((room) => room.dispatchEvent(new MessageEvent("message", { data })));
    }
  };
}
