export type Schedule = (ms: number, task: () => void) => () => void;

/** The value of a promise that does not reject; undefined where it takes longer. */
export async function inTime<T>(promise: Promise<T>, ms: number, schedule: Schedule): Promise<T | undefined> {
  let cancel = () => {};
  const late = new Promise<undefined>((resolve) => {
    cancel = schedule(ms, () => resolve(undefined));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    cancel();
  }
}
