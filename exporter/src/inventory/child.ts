// Runs in a process of its own: systeminformation starts shells and blocks for tens of milliseconds.
import { cpus, loadavg } from 'node:os';

import si from 'systeminformation';

import type { Answer, InventoryFacts, PortableFacts, Question } from './facts.ts';

process.on('message', (question: Question) => void answer(question));
// The parent is gone: so are we.
process.on('disconnect', () => process.exit(0));

async function answer(question: Question): Promise<void> {
  const reply: Answer =
    question === 'inventory' ? { question, facts: await inventory() } : { question, facts: await portable() };
  process.send?.(reply);
}

async function inventory(): Promise<InventoryFacts> {
  const [os, cpu, system] = await Promise.all([si.osInfo(), si.cpu(), si.system()]);
  return {
    platform: os.platform,
    distribution: `${os.distro} ${os.release}`.trim(),
    kernel: os.kernel,
    arch: os.arch,
    cpu: `${cpu.manufacturer} ${cpu.brand}`.trim(),
    isVirtual: system.virtual,
  };
}

async function portable(): Promise<PortableFacts> {
  const [memory, volumes, networks] = await Promise.all([si.mem(), si.fsSize(), si.networkStats('*')]);
  const times = cpus().map((cpu) => cpu.times);
  const seconds = (pick: (time: (typeof times)[number]) => number): number =>
    times.reduce((sum, time) => sum + pick(time), 0) / 1000;
  return {
    load1: loadavg()[0] ?? 0,
    cpuSeconds: {
      user: seconds(({ user, nice }) => user + nice),
      system: seconds(({ sys, irq }) => sys + irq),
      idle: seconds(({ idle }) => idle),
    },
    cpus: times.length,
    memoryTotal: memory.total,
    memoryAvailable: memory.available,
    memoryFree: memory.free,
    swapTotal: memory.swaptotal,
    swapFree: memory.swapfree,
    volumes: volumes.map(({ mount, fs, type, size, available }) => ({
      volume: mount,
      device: fs,
      fstype: type,
      size,
      available,
    })),
    networks: networks.map((network) => ({
      device: network.iface,
      receiveBytes: network.rx_bytes,
      transmitBytes: network.tx_bytes,
      receiveErrors: network.rx_errors,
      transmitErrors: network.tx_errors,
      receiveDrops: network.rx_dropped,
      transmitDrops: network.tx_dropped,
    })),
  };
}
