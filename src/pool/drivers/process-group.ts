import { spawn } from 'node:child_process';

/** Sends a signal to every process of a group. False when there is none any more. */
export const signalGroup = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
};

/** Ends a process and all that it started. Suspended ones end too. */
export const killGroup = (pid: number): void => {
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true }).on('error', () => {});
    return;
  }
  signalGroup(pid, 'SIGKILL');
};
