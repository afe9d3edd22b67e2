import protobuf from 'protobufjs';
import type { Random } from '../../../src/base/index.js';

/**
 * A message as a client of the JSON gateway would write it: names as in the .proto file or in camel case, 64-bit numbers as
 * text or as numbers, enums by name or by number.
 */
export function jsonOf(type: protobuf.Type, bytes: Uint8Array, random: Random): string {
  const style = {
    isCamel: random.chance(0.2),
    hasNumbers: random.chance(0.2),
    hasEnumNumbers: random.chance(0.2),
  };
  return write(type, type.toObject(type.decode(bytes), {}), style);
}

interface Style {
  readonly isCamel: boolean;
  readonly hasNumbers: boolean;
  readonly hasEnumNumbers: boolean;
}

function write(type: protobuf.Type, message: Readonly<Record<string, unknown>>, style: Style): string {
  const members = Object.entries(message).map(([name, value]) => {
    const field = type.fields[name];
    if (field === undefined) throw new Error(`no field ${name} in ${type.name}`);
    const written = Array.isArray(value)
      ? `[${value.map((each) => writeValue(field, each, style)).join(',')}]`
      : writeValue(field, value, style);
    return `${JSON.stringify(style.isCamel ? name : snakeOf(field))}:${written}`;
  });
  return `{${members.join(',')}}`;
}

/** As in the .proto file. */
function snakeOf(field: protobuf.Field): string {
  const { protoName } = field as { readonly protoName?: unknown };
  return typeof protoName === 'string' ? protoName : field.name;
}

function writeValue(field: protobuf.Field, value: unknown, style: Style): string {
  const { resolvedType } = field.resolve();
  if (resolvedType instanceof protobuf.Type) {
    return write(resolvedType, value as Readonly<Record<string, unknown>>, style);
  }
  if (resolvedType instanceof protobuf.Enum) {
    const name = resolvedType.valuesById[Number(value)];
    return style.hasEnumNumbers || name === undefined ? String(value) : JSON.stringify(name);
  }
  if (field.type === 'bytes') return JSON.stringify(Buffer.from(value as Uint8Array).toString('base64'));
  if (field.type.endsWith('64')) return style.hasNumbers ? String(value) : JSON.stringify(String(value));
  return JSON.stringify(value);
}
