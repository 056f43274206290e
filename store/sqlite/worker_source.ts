/** The worker's program in one piece, for bundles. The build of the package replaces this file; the sources have none. @module */

export const WORKER_SOURCE: string | undefined = undefined;
