/** The server's half of HTTP/2 (RFC 9113, RFC 7541), as gRPC needs it: no priorities, no pushes. */
export { createHttp2Connection } from './connection.js';
export type { Http2Connection, Http2Handler, Http2Limits } from './connection.js';
export { errorCodes, http2Preface, refusalFrames } from './frames.js';
export { createHeaderDecoder, encodeHeaders } from './hpack.js';
export type { HeaderDecoder, Headers } from './hpack.js';
export type { Http2Stream, StreamReceiver } from './stream.js';
