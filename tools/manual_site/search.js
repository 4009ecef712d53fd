// The search box of the manual as plain files: the blocks that have most of the words asked for.
// A server answers questions better (`?ask=`); here nothing but this file and its index is at hand.
"use strict";

(() => {
  const form = document.getElementById("search");
  const box = document.getElementById("ask");
  const article = document.getElementById("article");
  const contents = document.getElementById("contents");
  const most = 20;
  let index = null;

  const wordsOf = (text) => text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];

  const scoreOf = (block, words) => {
    const places = [[block.title, 3], [block.heading, 3], [block.html.replace(/<[^>]*>/g, " "), 1]];
    let score = 0;
    for (const word of words) {
      for (const [text, weight] of places) {
        if (text.toLowerCase().includes(word)) score += weight * word.length;
      }
    }
    return score;
  };

  const element = (name, text) => {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  };

  const show = (question, found) => {
    article.replaceChildren(element("h1", question));
    if (!found.length) article.append(element("p", form.dataset.nothing));
    for (const block of found) {
      const link = element("a", block.heading ? `${block.title}: ${block.heading}` : block.title);
      link.href = block.url;
      const head = document.createElement("h2");
      head.append(link);
      const body = document.createElement("div");
      // Made from the manual's own Markdown when the site was built.
      body.innerHTML = block.html;
      article.append(head, body);
    }
  };

  form.hidden = false;
  if (window.matchMedia("(max-width: 800px)").matches) {
    contents.open = false;
    contents.classList.add("is-folded");
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const words = wordsOf(box.value).filter((word) => word.length > 1);
    if (!words.length) return;
    try {
      index ??= await (await fetch("search.json")).json();
    } catch {
      article.replaceChildren(element("p", form.dataset.unread));
      return;
    }
    const scored = index.map((block) => [scoreOf(block, words), block]);
    const found = scored.filter(([score]) => score > 0).sort((a, b) => b[0] - a[0]);
    show(box.value, found.slice(0, most).map(([, block]) => block));
  });
})();
