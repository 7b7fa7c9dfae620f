import { useEffect, useState } from 'react';

/** Renders again every so many ms while `ms` is above 0, and counts. */
export function useEvery(ms: number): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    if (ms <= 0) return;
    const timer = setInterval(() => setCount((before) => before + 1), ms);
    return () => clearInterval(timer);
  }, [ms]);
  return count;
}
