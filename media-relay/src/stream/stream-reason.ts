import { sourceErrorCodes } from '../sources/source.ts';

/** Why a stream is offline or refused. Stable: the API tells it beside the sentence, and pages translate by it. */
export const streamReasonCodes = [...sourceErrorCodes, 'b-frames'] as const;
export type StreamReasonCode = (typeof streamReasonCodes)[number];
