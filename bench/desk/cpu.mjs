// CPU time of the workerd processes that this process started, where the system tells (Linux's /proc).
// It must not be taken for throughput: it is what is left to compare where others use the machine, too.
import { readFileSync, readdirSync } from "node:fs";

/** A clock tick in milliseconds: `getconf CLK_TCK` is 100 on every Linux that Node runs on. */
const TICK_MS = 10;

/** The fields of /proc/PID/stat after the name, which may hold anything. */
function stat(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const end = text.lastIndexOf(")");
  return { name: text.slice(text.indexOf("(") + 1, end), fields: text.slice(end + 2).split(" ") };
}

/** Ids of the workerd processes that this process started. */
export function workerds() {
  if (process.platform !== "linux") return [];
  const isOurs = (pid) => {
    try {
      const { name, fields } = stat(pid);
      return name === "workerd" && Number(fields[1]) === process.pid;
    } catch {
      return false; // It ended in the meantime.
    }
  };
  return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && isOurs(entry));
}

/** Milliseconds of CPU that a process has used, of all its threads; NaN where nobody tells. */
export function cpuMs(pid) {
  if (!pid) return NaN;
  const { fields } = stat(pid);
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
