/**
 * Runs tasks in order, one at a time, or several while threads are idle: so others never wait for
 * more than the running task.
 *
 * @returns the results in the order of the tasks.
 * @throws the error of the first failed task, once the running ones have ended.
 */
export async function whileIdle<Task, Result>(
  tasks: readonly Task[],
  run: (task: Task) => Promise<Result>,
  isIdle: () => boolean,
): Promise<Result[]> {
  const results: Result[] = [];
  const running = new Set<Promise<void>>();
  const start = async (task: Task, place: number) => {
    results[place] = await run(task);
  };
  try {
    for (const [place, task] of tasks.entries()) {
      while (running.size > 0 && !isIdle()) await Promise.race(running);
      const one = start(task, place).finally(() => running.delete(one));
      running.add(one);
    }
    await Promise.all(running);
    return results;
  } finally {
    await Promise.allSettled(running);
  }
}
