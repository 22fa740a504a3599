// usage: node ask_index.js SITE QUERY...   – for each query a line of JSON: the pages that the site's search shows, best first
const fs = require("fs"), path = require("path"), vm = require("vm");
const [site, ...queries] = process.argv.slice(2);
const folder = path.join(site, "assets/javascripts/workers");
const worker = fs.readdirSync(folder).find((name) => /^search\..*\.js$/.test(name));

// What a page of the site sends to the worker: type 0 sets it up, 2 asks, and 3 is its answer.
let answered;
let heard;
const inside = vm.createContext({
  console, setTimeout, clearTimeout, importScripts() {},
  addEventListener: (type, listener) => { if (type === "message") heard = listener; },
  postMessage: (message) => answered(message),
});
inside.self = inside.window = inside.globalThis = inside;
vm.runInContext(fs.readFileSync(path.join(folder, worker), "utf8"), inside);

class Worker {
  postMessage(message) { heard({ data: message }); }
}
vm.runInNewContext(fs.readFileSync(path.join(site, "site/search.js"), "utf8"), { Worker });

function ask(message, type) {
  return new Promise((resolve) => {
    answered = (answer) => answer.type === type && resolve(answer.data);
    new Worker().postMessage(message);
  });
}

(async () => {
  const index = JSON.parse(fs.readFileSync(path.join(site, "search/search_index.json"), "utf8"));
  await ask({ type: 0, data: { ...index, options: { suggest: true } } }, 1);
  for (const query of queries) {
    const found = await ask({ type: 2, data: query }, 3);
    console.log(JSON.stringify(found.items.map((results) => results[0].location)));
  }
})();
