import protobuf from 'protobufjs';
import { schema } from '../../gen/schema.js';

/** What the messages of a method look like. */
export interface MethodSchema {
  readonly request: protobuf.Type;
  readonly response: protobuf.Type;
}

/** etcd's API as data. Field names stay as the contract has them, in JSON too. */
export function loadSchema(): protobuf.Root {
  const root = protobuf.Root.fromJSON(schema);
  root.resolveAll();
  return root;
}

/** `path`: `/package.Service/Method`. */
export function methodSchema(root: protobuf.Root, path: string): MethodSchema {
  const [, service = '', name = ''] = path.split('/');
  const method = root.lookupService(service).methods[name];
  method?.resolve();
  const request = method?.resolvedRequestType;
  const response = method?.resolvedResponseType;
  if (request === undefined || request === null || response === undefined || response === null) {
    throw new Error(`the schema has no method ${path}`);
  }
  return { request, response };
}
