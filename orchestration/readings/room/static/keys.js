// One question at a time beside the record, by keys or by buttons. Each question takes its own letters, and answering
// one by its letter goes on to the next. The form is whole without this script: then every question stands there.
"use strict";
(() => {
  const form = document.getElementById("answer");
  if (!form) return;
  const on = document.getElementById("keys-on");
  const questions = [...form.querySelectorAll(".step")];
  const stepwise = form.dataset.steps === "yes";
  const save = document.querySelector("button.save");
  const [back, forth, stepOf] = ["back", "on", "step-of"].map(id => document.getElementById(id));
  const first = () => form.querySelector('input[name="group_based"]:checked')?.value;
  const applies = question => !first() || question.dataset.after.split(" ").includes(first());
  const open = () => questions.filter(applies);
  const answered = question => {
    const number = question.querySelector("input.number");
    return number ? number.dataset.passed === "yes" || number.value !== "" : !!question.querySelector(":checked");
  };
  const due = question => !answered(question) && !question.dataset.optional;
  let here = null;

  const show = () => {
    // what is not asked after the first answer is not sent
    questions.forEach(question => {
      question.hidden = !applies(question);
      question.querySelector("fieldset").disabled = question.hidden;
    });
    const asked = open().find(question => question === here) ?? open().find(due);
    // all answered: the last one stays in sight above the buttons
    const shown = asked ?? (stepwise ? open().at(-1) : null);
    questions.forEach(question => question.classList.toggle("here", question === shown && (on.checked || stepwise)));
    document.body.classList.toggle("keys", on.checked);
    if (stepwise) {
      const place = open().indexOf(shown);
      stepOf.textContent = `Question ${place + 1} of ${open().length}`;
      back.disabled = place < 1;
      forth.disabled = place + 1 >= open().length;
    }
    return asked;
  };

  const goTo = question => {
    here = question;
    show();
    const target = question?.querySelector("input.number, :checked, input") ?? save;
    target.focus();
    target.select?.();
  };

  const next = () => goTo(questions.slice(questions.indexOf(here) + 1).filter(applies).find(due) ?? null);
  const step = by => {
    const asked = show() ?? open().at(-1);
    const to = open()[open().indexOf(asked) + by];
    if (to) goTo(to);
  };
  const choose = (question, key) => {
    const choice = question?.querySelector(`input[data-key="${CSS.escape(key.toLowerCase())}"]`);
    if (!choice) return false;
    here = question;
    choice.checked = true;
    show();
    next();
    return true;
  };
  const pass = number => {
    number.dataset.passed = "yes";
    here = number.closest(".step");
  };

  form.addEventListener("focusin", event => {
    const question = event.target.closest(".step");
    if (question && !event.target.closest("details")) { here = question; show(); }
  });
  form.addEventListener("change", show);
  back.addEventListener("click", () => step(-1));
  forth.addEventListener("click", () => step(1));
  document.querySelectorAll(".wrong a, .check a").forEach(link => link.addEventListener("click", event => {
    const question = document.getElementById(link.hash.slice(1))?.closest(".step");
    if (question) { event.preventDefault(); goTo(question); }
  }));

  document.addEventListener("keydown", event => {
    if (!on.checked || event.ctrlKey || event.metaKey || event.altKey) return;
    const number = event.target.closest("input.number");
    if (number && event.key === "Enter") {
      event.preventDefault();
      pass(number);
      next();
      return;
    }
    if (number && /^[a-z]$/i.test(event.key)) {
      // no number has a letter: it answers the question after it
      event.preventDefault();
      const question = number.closest(".step");
      const following = questions.slice(questions.indexOf(question) + 1).filter(applies).find(due);
      if (following?.querySelector(`input[data-key="${CSS.escape(event.key.toLowerCase())}"]`)) {
        pass(number);
        choose(following, event.key);
      }
      return;
    }
    const empty = number && number.value === "" && event.key === "Backspace";
    const text = event.target.closest("textarea, input:not([type=radio]):not([type=checkbox])");
    if (text && !empty) return;
    if (event.target.closest("a, button, summary, select") && [" ", "Enter"].includes(event.key)) return;
    if (event.key === "Backspace") {
      const asked = show();
      const before = open()[(asked ? open().indexOf(asked) : open().length) - 1];
      if (before) { event.preventDefault(); goTo(before); }
      return;
    }
    const asked = show();
    if (!asked) return;
    const field = asked.querySelector("input.number");
    if (field && /^[0-9]$/.test(event.key)) { here = asked; field.focus(); field.value = ""; return; }
    if (choose(asked, event.key)) event.preventDefault();
  });

  // beside its question where there is room for it, folded where there is not
  const wide = matchMedia("(min-width: 60rem)");
  const unfold = () => form.querySelectorAll(".part").forEach(part => { part.open = wide.matches && stepwise; });
  wide.addEventListener("change", unfold);
  unfold();

  document.body.classList.add("keys-able");
  document.body.classList.toggle("stepwise", stepwise);
  try { on.checked = localStorage.getItem("keys") !== "off"; } catch { on.checked = true; }
  on.addEventListener("change", () => {
    try { localStorage.setItem("keys", on.checked ? "on" : "off"); } catch { /* this page alone, then */ }
    show();
  });
  show();
})();
