/** What the child process tells: plain data over IPC, checked on arrival. */
export interface InventoryFacts {
  readonly platform: string;
  readonly distribution: string;
  readonly kernel: string;
  readonly arch: string;
  readonly cpu: string;
  readonly isVirtual: boolean;
}

export interface PortableFacts {
  readonly load1: number;
  readonly cpuSeconds: { readonly user: number; readonly system: number; readonly idle: number };
  readonly cpus: number;
  readonly memoryTotal: number;
  readonly memoryAvailable: number;
  readonly memoryFree: number;
  readonly swapTotal: number;
  readonly swapFree: number;
  readonly volumes: readonly {
    readonly volume: string;
    readonly device: string;
    readonly fstype: string;
    readonly size: number;
    readonly available: number;
  }[];
  readonly networks: readonly {
    readonly device: string;
    readonly receiveBytes: number;
    readonly transmitBytes: number;
    readonly receiveErrors: number;
    readonly transmitErrors: number;
    readonly receiveDrops: number;
    readonly transmitDrops: number;
  }[];
}

export type Question = 'inventory' | 'portable';

export type Answer =
  | { readonly question: 'inventory'; readonly facts: InventoryFacts }
  | { readonly question: 'portable'; readonly facts: PortableFacts };
