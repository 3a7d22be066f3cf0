/** What upstreams tell the rest of the hub, by the path that upstreams know. */
export type { ServerIdentity, ServerIntroduction, UpstreamSink } from '../../model/upstream-sink.ts';
