import type { EventEmitter } from 'node:events';

// The types of `process` have one overload for each event, and none for several.
const emitter: Pick<EventEmitter, 'listeners' | 'removeListener'> = process;
const events = ['uncaughtException', 'unhandledRejection'] as const;

/**
 * Runs `action` and removes the listeners for uncaught errors that it added. WebAssembly glue
 * made by Emscripten installs such listeners in its first call; they throw from the listener,
 * which would end a service that handles these events itself.
 */
export function withoutProcessListeners<T>(action: () => T): T {
  const before = events.map((event) => new Set(emitter.listeners(event)));
  try {
    return action();
  } finally {
    for (const [index, event] of events.entries()) {
      for (const listener of emitter.listeners(event)) {
        if (!before[index]?.has(listener)) emitter.removeListener(event, listener as () => void);
      }
    }
  }
}
