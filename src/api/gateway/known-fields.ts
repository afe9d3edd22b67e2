import protobuf from 'protobufjs';

/**
 * The JSON value without the fields that the message does not have: those are passed over, as etcd does, but everything
 * else has to be right, names of enums among it.
 */
export function knownFields(type: protobuf.Type, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const [name, content] of Object.entries(value)) {
    const field = fieldOf(type, name);
    if (field === undefined) continue;
    const { resolvedType } = field;
    if (!(resolvedType instanceof protobuf.Type)) kept[name] = content;
    else if (!Array.isArray(content)) kept[name] = knownFields(resolvedType, content);
    else kept[name] = content.map((each: unknown) => knownFields(resolvedType, each));
  }
  return kept;
}

/** By either of its names: the contract's, or the same in camel case. */
function fieldOf(type: protobuf.Type, name: string): protobuf.Field | undefined {
  return type.fieldsArray.find((field) => field.name === name || field.protoName === name);
}
