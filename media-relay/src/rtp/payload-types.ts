// RFC 6184 5.2, Table 1: NAL unit types that exist only in RTP payloads.

export const stapA = 24;
/** STAP-B; types 25 to 29 but FU-A belong to the interleaved mode. */
export const firstInterleavedType = 25;
export const fuA = 28;
/** FU-B */
export const lastInterleavedType = 29;
