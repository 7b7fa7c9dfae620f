// RFC 8840 9 (application/trickle-ice-sdpfrag) as WHEP uses it in PATCH. We are ICE-lite and answer from the addresses
// that ask us, so a player's candidates are counted and dropped; what matters is an ICE restart (RFC 8839 4.4.1.1.1).
import { candidateLines, type Candidate } from './addresses.ts';
import type { IceCredentials } from './ice-credentials.ts';
import type { Negotiation } from './negotiation.ts';
import { iceText } from './offer.ts';
import { attributesOf, parseSdpLines, sdpError, type SdpAttribute } from './sdp.ts';

export interface TrickleFragment {
  readonly ufrag: string | undefined;
  readonly pwd: string | undefined;
  readonly candidates: number;
  readonly endOfCandidates: boolean;
}

/** Throws ProtocolError ('SDP_...') and nothing else. */
export function parseTrickleFragment(text: string): TrickleFragment {
  const document = parseSdpLines(text);
  const attributes = attributesOf([...document.session, ...document.sections.flatMap(({ lines }) => lines)]);
  return {
    ufrag: iceText(agreed(attributes, 'ice-ufrag'), 4),
    pwd: iceText(agreed(attributes, 'ice-pwd'), 22),
    candidates: attributes.filter(({ name }) => name === 'candidate').length,
    endOfCandidates: attributes.some(({ name }) => name === 'end-of-candidates'),
  };
}

/** New credentials of the player: it wants a restart. `currentUfrag` is the one of its offer or last restart. */
export function restartOf(fragment: TrickleFragment, currentUfrag: string): IceCredentials | undefined {
  const { ufrag, pwd } = fragment;
  if (ufrag === undefined || pwd === undefined || ufrag === currentUfrag) return undefined;
  return { ufrag, pwd };
}

/** The answer to a restart: our new credentials and, as they belong to these, the candidates again. */
export function writeRestartFragment(
  negotiation: Negotiation,
  ice: IceCredentials,
  candidates: readonly Candidate[],
): string {
  const lines = ['a=ice-lite', 'a=ice-options:ice2 trickle'];
  if (negotiation.bundle.length > 0) lines.push(`a=group:BUNDLE ${negotiation.bundle.join(' ')}`);
  for (const section of negotiation.sections) {
    if (!section.accepted || !section.isTagged) continue;
    lines.push(`m=${section.kind} 9 ${section.protocol} ${section.payloads[0]?.payloadType ?? 0}`);
    if (section.mid !== undefined) lines.push(`a=mid:${section.mid}`);
    lines.push(`a=ice-ufrag:${ice.ufrag}`, `a=ice-pwd:${ice.pwd}`);
    lines.push(...candidateLines(candidates), 'a=end-of-candidates');
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** Sections of one bundle may repeat an attribute, with one value. */
function agreed(attributes: readonly SdpAttribute[], name: string): SdpAttribute | undefined {
  const found = attributes.filter((attribute) => attribute.name === name);
  const [first] = found;
  const other = found.find(({ value }) => value !== first?.value);
  if (other) throw sdpError('SDP_AMBIGUOUS_ICE', other.line, `a=${name} differs between sections`, '');
  return first;
}
