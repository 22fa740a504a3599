// In the search a dash before a word means "without it": `--privileged` would find nothing, or fail. It goes.
(function () {
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message && message.type === 2 && typeof message.data === "string") {
      message = { ...message, data: message.data.replace(/(^|[\s"(+])[-+~^:*]+(?=\w)/g, "$1").replace(/[:~^*]+/g, " ") };
    }
    return post.call(this, message, ...rest);
  };
})();
