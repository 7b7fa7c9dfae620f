import type { HostFiles } from '../host-files.ts';
import type { Samples } from '../samples.ts';
import type { Collector } from '../source.ts';

/** What is not of UDP alone, and takes more files. */
const beyondUdp = [
  'sightline_host_udp_sockets',
  'sightline_host_tcp_retransmitted_segments_total',
  'sightline_host_tcp_listen_drops_total',
  'sightline_host_softnet_dropped_total',
] as const;

/** /proc/self/net/{snmp,netstat,snmp6,sockstat,sockstat6,softnet_stat}: UDP and TCP of the own network namespace. */
export function socketsCollector(files: HostFiles): Collector {
  return {
    name: 'sockets',
    collect(out) {
      const net = (name: string): string => files.read(`${files.process}/net/${name}`) ?? '';
      const snmp = paired(net('snmp'));
      udp(snmp, paired6(net('snmp6')), out);
      if (!out.wants(...beyondUdp)) return;
      const sockets = sockstat(`${net('sockstat')}\n${net('sockstat6')}`);
      out.set('sightline_host_udp_sockets', sum(sockets.get('UDP inuse'), sockets.get('UDP6 inuse')));
      out.set('sightline_host_tcp_retransmitted_segments_total', snmp.get('Tcp RetransSegs'));
      out.set('sightline_host_tcp_listen_drops_total', listenDrops(net('netstat')));
      out.set('sightline_host_softnet_dropped_total', softnetDropped(net('softnet_stat')));
    },
  };
}

type Table = ReadonlyMap<string, number>;

/** IPv4 and IPv6 together. */
function udp(snmp: Table, snmp6: Table, out: Samples): void {
  const both = (name: string): number | undefined => sum(snmp.get(`Udp ${name}`), snmp6.get(`Udp6${name}`));
  out.set('sightline_host_udp_received_datagrams_total', both('InDatagrams'));
  out.set('sightline_host_udp_sent_datagrams_total', both('OutDatagrams'));
  out.set('sightline_host_udp_no_port_total', both('NoPorts'));
  out.set('sightline_host_udp_in_errors_total', both('InErrors'));
  out.set('sightline_host_udp_receive_buffer_errors_total', both('RcvbufErrors'));
  out.set('sightline_host_udp_send_buffer_errors_total', both('SndbufErrors'));
}

/** A line of names and a line of numbers, both beginning with the protocol. */
function paired(text: string): Table {
  const table = new Map<string, number>();
  const lines = text.split('\n');
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [protocol = '', ...names] = (lines[at] ?? '').split(' ');
    const [, ...values] = (lines[at + 1] ?? '').split(' ');
    names.forEach((name, index) => table.set(`${protocol.slice(0, -1)} ${name}`, Number(values[index])));
  }
  return table;
}

/** One of more than a hundred columns. */
function listenDrops(netstat: string): number | undefined {
  const [names = '', values = ''] = netstat.split('\n', 2);
  const column = names.split(' ').indexOf('ListenDrops');
  return column < 0 || !names.startsWith('TcpExt:') ? undefined : Number(values.split(' ')[column]);
}

function paired6(text: string): Table {
  return new Map(
    text.split('\n').map((line) => {
      const [name = '', value] = line.split(/\s+/, 2);
      return [name, Number(value)];
    }),
  );
}

/** `TCP: inuse 106 orphan 0 tw 31` to `TCP inuse`, `TCP orphan`, ... */
function sockstat(text: string): Table {
  const table = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [protocol = '', ...rest] = line.split(' ');
    for (let at = 0; at + 1 < rest.length; at += 2)
      table.set(`${protocol.slice(0, -1)} ${rest[at] ?? ''}`, Number(rest[at + 1]));
  }
  return table;
}

/** One line per processor in hexadecimal; the second number counts what its queue had no room for. */
function softnetDropped(text: string): number | undefined {
  if (text === '') return undefined;
  return text
    .trim()
    .split('\n')
    .reduce((total, line) => total + Number.parseInt(line.split(' ')[1] ?? '0', 16), 0);
}

function sum(...values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
}
