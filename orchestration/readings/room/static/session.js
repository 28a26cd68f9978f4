// Two minutes before a session ends, say so and offer to stay: what was chosen on the page would be lost.
"use strict";
(() => {
  const notice = document.getElementById("ending");
  const idle = Number(document.body.dataset.idleSeconds) * 1000;
  if (!notice || !idle) return;
  const form = notice.querySelector("form");
  let timer;
  const wait = () => {
    notice.hidden = true;
    clearTimeout(timer);
    timer = setTimeout(() => { notice.hidden = false; }, Math.max(idle - 120000, 1000));
  };
  form.addEventListener("submit", async event => {
    event.preventDefault();
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" });
    if (answer.ok) wait();
    else location.assign("/sign-in");
  });
  wait();
})();
