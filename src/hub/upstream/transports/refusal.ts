/** Failures that speak of who is who, not of the network: another attempt with the same credentials fails the same way. */
import { SdkHttpError } from '@modelcontextprotocol/client';
import { AuthenticationError, UntrustedServerError } from '../errors.ts';
import { screenText } from '../screen-text.ts';

/** Codes by which the verification of a certificate fails, beside those that begin with CERT_. */
const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);
/** Alerts by which a peer refuses our certificate, or that there is none. */
const REFUSED_ALERT =
  /^ERR_SSL_(?:TLSV\d+|SSLV3)_ALERT_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+)$/;

/** The refusal that `error` is; undefined for any other failure. */
export function refusalOf(error: unknown): AuthenticationError | UntrustedServerError | undefined {
  if (error instanceof SdkHttpError) {
    const { status } = error;
    return status === 401 || status === 403
      ? new AuthenticationError(`authentication refused: HTTP ${status}${words(error)}`, { cause: error })
      : undefined;
  }
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const { code } = error;
  if (UNTRUSTED.has(code) || code.startsWith('CERT_'))
    return new UntrustedServerError(`the certificate of the server is not trusted: ${error.message}`, { cause: error });
  if (REFUSED_ALERT.test(code)) {
    const alert = code
      .replace(/^.*_ALERT_/, '')
      .toLowerCase()
      .replaceAll('_', ' ');
    return new AuthenticationError(`authentication refused: TLS alert "${alert}"`, { cause: error });
  }
  return undefined;
}

function words(error: SdkHttpError): string {
  const text = error.data['statusText'];
  return typeof text === 'string' && text !== '' ? ` ${screenText(text, 64)}` : '';
}
