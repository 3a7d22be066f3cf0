// Loaded into the gateway of a soak (node --import), in each of its threads: counts what is alive when asked. The main
// thread is asked over its channel to the parent; it asks the others, which run it too.
import { EventEmitter } from 'node:events';
import { queryObjects } from 'node:v8';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';

/** Longest wait for the next thread's answer: each collects its garbage first. */
const ANSWER_MS = 10_000;
/** Of other threads. */
const answers = [];
let onAnswer;
const channel = new BroadcastChannel('soak-census');

if (isMainThread) {
  process.on('message', ({ expected }) => void answerParent(expected));
  channel.addEventListener('message', ({ data }) => {
    answers.push(data);
    onAnswer?.();
  });
  process.channel?.unref();
} else {
  channel.addEventListener('message', ({ data }) => {
    if (data === 'count') channel.postMessage(count());
  });
}
// After listening, which would hold the thread again.
channel.unref();

/** `expected`: threads that there are. */
async function answerParent(expected) {
  const threads = [count()];
  channel.postMessage('count');
  while (threads.length < expected) {
    const answer = await Promise.race([nextAnswer(), pause(ANSWER_MS)]);
    if (answer === undefined) break;
    threads.push(answer);
  }
  process.send(threads.toSorted((a, b) => a.thread - b.thread));
}

function nextAnswer() {
  return new Promise((resolve) => {
    onAnswer = () => {
      if (answers.length > 0) resolve(answers.shift());
    };
    onAnswer();
  });
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** Of this thread. Objects are those that a full collection leaves. */
function count() {
  const objects = {
    // Everything with listeners: sockets, streams, workers.
    emitters: queryObjects(EventEmitter),
    // Signals and ports.
    targets: queryObjects(EventTarget),
    // Listeners, callbacks, closures of all kinds.
    functions: queryObjects(Function),
    promises: queryObjects(Promise),
  };
  const resources = {};
  for (const type of process.getActiveResourcesInfo()) resources[type] = (resources[type] ?? 0) + 1;
  return { thread: threadId, objects, resources, heap_mb: process.memoryUsage().heapUsed / 1_048_576 };
}
