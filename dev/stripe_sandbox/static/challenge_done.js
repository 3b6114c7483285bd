/** Tell the page around the challenge that it is answered; no detail is passed on. */
window.parent.postMessage({frame: "challenge"}, "*");
