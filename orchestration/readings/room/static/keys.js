// Answering by keys: each question takes its own letters, and answering one goes on to the next.
// The form is whole without this script. Keys can be turned off, and do nothing inside a text field.
"use strict";
(() => {
  const form = document.getElementById("answer");
  if (!form) return;
  const on = document.getElementById("keys-on");
  const questions = [...form.querySelectorAll("fieldset[data-question]")];
  const group = () => form.querySelector('input[name="group_based"]:checked')?.value;
  const applies = question => !question.hidden;
  const answered = question => {
    const number = question.querySelector("input.number");
    return number ? number.dataset.passed === "yes" || number.value !== "" : !!question.querySelector(":checked");
  };
  let here = null;

  const show = () => {
    // a criterion is the answer's of a group alone; what does not apply is not sent
    questions.forEach(question => {
      question.hidden = question.dataset.when === "group" && ["no", "cannot_tell"].includes(group());
      question.disabled = question.hidden;
    });
    const open = questions.filter(applies);
    const asked = open.find(question => question === here) ?? open.find(question => !answered(question) && !question.dataset.optional);
    questions.forEach(question => question.classList.toggle("here", on.checked && question === asked));
    document.body.classList.toggle("keys", on.checked);
    return asked;
  };

  const goTo = question => {
    here = question;
    const target = question?.querySelector("input.number, :checked, input") ?? form.querySelector("button");
    target.focus();
    target.select?.();
    show();
  };

  const next = () => {
    const after = questions.slice(questions.indexOf(here) + 1).filter(applies);
    goTo(after.find(question => !answered(question) && !question.dataset.optional) ?? null);
  };

  form.addEventListener("focusin", event => {
    const question = event.target.closest("fieldset[data-question]");
    if (question) { here = question; show(); }
  });
  form.addEventListener("change", show);

  document.addEventListener("keydown", event => {
    if (!on.checked || event.ctrlKey || event.metaKey || event.altKey) return;
    const text = event.target.closest("textarea, input:not([type=radio]):not([type=checkbox])");
    const number = event.target.closest("input.number");
    if (number && event.key === "Enter") {
      event.preventDefault();
      number.dataset.passed = "yes";
      here = number.closest("fieldset");
      next();
      return;
    }
    if (text || event.target.closest("a, summary, select") && event.key === "Enter") return;
    const asked = show();
    if (event.key === "Backspace") {
      const open = questions.filter(applies);
      const before = open[(asked ? open.indexOf(asked) : open.length) - 1];
      if (before) { event.preventDefault(); goTo(before); }
      return;
    }
    if (!asked) return;
    const field = asked.querySelector("input.number");
    if (field && /^[0-9]$/.test(event.key)) { here = asked; field.focus(); field.value = ""; return; }
    const choice = asked.querySelector(`input[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!choice) return;
    event.preventDefault();
    here = asked;
    if (choice.type === "checkbox") { choice.checked = !choice.checked; show(); return; }
    choice.checked = true;
    show();
    next();
  });

  document.body.classList.add("keys-able");
  try { on.checked = localStorage.getItem("keys") !== "off"; } catch { on.checked = true; }
  on.addEventListener("change", () => {
    try { localStorage.setItem("keys", on.checked ? "on" : "off"); } catch { /* this page alone, then */ }
    show();
  });
  show();
})();
