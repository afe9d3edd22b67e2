import type protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import type { IDescriptorProto, IFileDescriptorProto } from 'protobufjs/ext/descriptor.js';
import { some } from '../base/index.js';
import { loadSchema } from './gateway/index.js';

/** The API as descriptors, one file for each package, for tools that read it from a running server. */
export interface SchemaFiles {
  /** Full names. */
  readonly services: readonly string[];
  /** A FileDescriptorProto and what it needs, each encoded; null: there is no such file. */
  byName(fileName: string): readonly Uint8Array[] | null;
  /** The same for a message, field, service or method by its full name. */
  bySymbol(symbol: string): readonly Uint8Array[] | null;
}

export function describeSchema(): SchemaFiles {
  const root = loadSchema();
  const { file: files } = root.toDescriptor('proto3');
  const fileOf = new Map<string, string>();
  const services: string[] = [];
  for (const file of files) {
    const { name = '', package: scope = '' } = file;
    for (const { name: message } of file.messageType ?? []) fileOf.set(`${scope}.${message}`, name);
    for (const { name: service } of file.service ?? []) {
      fileOf.set(`${scope}.${service}`, name);
      services.push(`${scope}.${service}`);
    }
  }
  const described = new Map(files.map((file) => [file.name ?? '', describeFile(file, root, fileOf)]));

  /** Needed ones first. */
  function withNeeded(fileName: string): readonly Uint8Array[] {
    const { bytes, needs } = some(described.get(fileName), 'every file that is named is described');
    return [...needs.flatMap(withNeeded), bytes];
  }

  return {
    services,
    byName: (fileName) => (described.has(fileName) ? withNeeded(fileName) : null),
    bySymbol(symbol) {
      for (let name = symbol; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
        const fileName = fileOf.get(name);
        if (fileName !== undefined) return withNeeded(fileName);
      }
      return null;
    },
  };
}

interface DescribedFile {
  readonly bytes: Uint8Array;
  /** Names of files. */
  readonly needs: readonly string[];
}

/** Completes what the library leaves out: full names of types, and which files they come from. */
function describeFile(
  file: IFileDescriptorProto,
  root: protobuf.Root,
  fileOf: ReadonlyMap<string, string>,
): DescribedFile {
  const needs = new Set<string>();
  const fullNameOf = (type: protobuf.ReflectionObject | null): string => {
    const { fullName } = some(type, 'the schema is resolved');
    for (
      let name = fullName.slice(1);
      name !== '';
      name = name.slice(0, Math.max(0, name.lastIndexOf('.')))
    ) {
      const home = fileOf.get(name);
      if (home === undefined) continue;
      if (home !== file.name) needs.add(home);
      break;
    }
    return fullName;
  };
  const complete = (message: IDescriptorProto, scope: string): IDescriptorProto => {
    const type = root.lookupType(`${scope}.${message.name}`);
    return {
      ...message,
      field: (message.field ?? []).map((field) =>
        field.typeName === undefined || field.typeName === ''
          ? field
          : {
              ...field,
              typeName: fullNameOf(some(type.fieldsById[field.number ?? 0], 'a field').resolvedType),
            },
      ),
      nestedType: (message.nestedType ?? []).map((nested) => complete(nested, `${scope}.${message.name}`)),
    };
  };
  const scope = file.package ?? '';
  const messageType = (file.messageType ?? []).map((message) => complete(message, scope));
  const service = (file.service ?? []).map((each) => {
    const { methods } = root.lookupService(`${scope}.${each.name}`);
    return {
      ...each,
      method: (each.method ?? []).map((method) => {
        const known = some(methods[method.name ?? ''], 'a method');
        known.resolve();
        return {
          ...method,
          inputType: fullNameOf(known.resolvedRequestType),
          outputType: fullNameOf(known.resolvedResponseType),
        };
      }),
    };
  });
  const whole = { ...file, messageType, service, dependency: [...needs] };
  return { bytes: descriptor.FileDescriptorProto.encode(whole).finish(), needs: [...needs] };
}
