import { expect, test } from 'vitest';
import { ledgerMemory, NativeLedger, readLedger, type NativeKind } from './ledger.ts';
import { loadOpenSsl } from './openssl.ts';

test('what is made stands in the ledger until it is freed: a thread that dies has none of it freed twice', () => {
  const memory = ledgerMemory();
  const o = loadOpenSsl(new NativeLedger(memory));
  const kinds = (): NativeKind[] => readLedger(memory).map(({ kind }) => kind);

  const context = o.SSL_CTX_new(o.DTLS_method());
  const ssl = o.SSL_new(context);
  const cipher = o.EVP_CIPHER_CTX_new();
  const mac = o.HMAC_CTX_new();
  expect(kinds()).toEqual(['ssl-context', 'ssl', 'cipher', 'mac']);
  o.SSL_free(ssl);
  expect(kinds()).toEqual(['ssl-context', 'cipher', 'mac']);
  o.SSL_CTX_free(context);
  expect(kinds()).toEqual(['cipher', 'mac']);
  o.EVP_CIPHER_CTX_free(cipher);
  expect(kinds()).toEqual(['mac']);
  o.HMAC_CTX_free(mac);
  expect(readLedger(memory)).toEqual([]);
});
