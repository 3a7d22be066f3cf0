// Loaded into the gateway of a soak (node --import), in each of its threads: counts what is alive when asked. The main
// thread is asked over its channel to the parent; it asks the others, which run it too.
import { EventEmitter } from 'node:events';
import { getHeapStatistics, queryObjects, writeHeapSnapshot } from 'node:v8';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';

/** Longest wait for the next thread's answer: each collects its garbage first. */
const ANSWER_MS = 30_000;
const MB = 1_048_576;
/** Leaked objects a second, in a thread that leaks on purpose. */
const LEAKS_PER_SECOND = 10;
const WORK = { count, snapshot: writeSnapshot, leak };
/** Of other threads. */
const answers = [];
let onAnswer;
const channel = new BroadcastChannel('soak-census');

if (isMainThread) {
  process.on('message', (order) => void answerParent(order));
  // Whoever watches is gone, however it ended.
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  channel.addEventListener('message', ({ data }) => {
    answers.push(data);
    onAnswer?.();
  });
  process.channel?.unref();
} else {
  channel.addEventListener('message', ({ data }) => {
    if (data.kind !== undefined) channel.postMessage(answerTo(data));
  });
}
// After listening, which would hold the thread again.
channel.unref();

/** `expected`: threads that there are. */
async function answerParent(order) {
  const threads = [answerTo(order)];
  channel.postMessage(order);
  while (threads.length < order.expected) {
    const answer = await Promise.race([nextAnswer(), pause(ANSWER_MS)]);
    if (answer === undefined) break;
    threads.push(answer);
  }
  process.send(threads.toSorted((a, b) => a.thread - b.thread));
}

function answerTo(order) {
  return { thread: threadId, ...WORK[order.kind](order) };
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
  const { heapUsed, external } = process.memoryUsage();
  const { malloced_memory: malloced } = getHeapStatistics();
  return { objects, resources, heap_mb: heapUsed / MB, external_mb: external / MB, malloced_mb: malloced / MB };
}

function writeSnapshot({ path }) {
  return { file: writeHeapSnapshot(`${path}-${threadId}.heapsnapshot`) };
}

function leak({ bytesPerSecond }) {
  const kept = [];
  const each = bytesPerSecond / LEAKS_PER_SECOND;
  setInterval(() => kept.push(Array.from({ length: each / 8 }, (_, index) => index)), 1_000 / LEAKS_PER_SECOND).unref();
  return {};
}
