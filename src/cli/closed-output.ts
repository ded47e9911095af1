/**
 * Whoever reads may stop before all is told, as `head` does, or end while a server runs on. What is being done goes on then,
 * and its exit code is its own.
 */
export const allowClosedOutput = (): void => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
};
