import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { describe, expect, it } from 'vitest';
import { describeSchema } from '../../src/api/schema-files.js';
import { at } from '../../src/base/index.js';
import { grpc } from '../../src/gen/protos.js';
import { serveApi } from './serve.js';
import { stubMember } from './stub-member.js';

const { ServerReflectionRequest, ServerReflectionResponse } = grpc.reflection.v1;

async function ask(
  request: grpc.reflection.v1.ServerReflectionRequest.$Properties,
  version = 'v1',
): Promise<grpc.reflection.v1.ServerReflectionResponse> {
  const { client } = await serveApi(stubMember());
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const { answers, cancel } = client.stream(path, ServerReflectionRequest.encode(request).finish());
  try {
    for await (const answer of answers) return ServerReflectionResponse.decode(answer);
  } finally {
    cancel();
  }
  throw new Error('no answer');
}

describe('Reflection', () => {
  it.each(['v1', 'v1alpha'])('lists the services, as %s', async (version) => {
    const { listServicesResponse } = await ask({ listServices: '' }, version);
    const names = (listServicesResponse?.service ?? []).map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'etcdserverpb.KV',
        'etcdserverpb.Watch',
        'etcdserverpb.Lease',
        'etcdserverpb.Cluster',
        'etcdserverpb.Maintenance',
        'etcdserverpb.Auth',
        'v3lockpb.Lock',
        'v3electionpb.Election',
        'grpc.health.v1.Health',
      ]),
    );
  });

  it('describes a service with all that it needs, so that a tool can call it', async () => {
    const { fileDescriptorResponse } = await ask({ fileContainingSymbol: 'etcdserverpb.KV.Range' });
    const files = (fileDescriptorResponse?.fileDescriptorProto ?? []).map((bytes) =>
      descriptor.FileDescriptorProto.decode(bytes),
    );
    const set = descriptor.FileDescriptorSet.create({ file: files });
    const root = protobuf.Root.fromDescriptor(descriptor.FileDescriptorSet.encode(set).finish());
    root.resolveAll();
    const range = root.lookupService('etcdserverpb.KV').methods['Range'];
    expect(range?.resolvedResponseType?.fullName).toBe('.etcdserverpb.RangeResponse');
    expect(root.lookupType('etcdserverpb.RangeResponse').fields['kvs']?.resolvedType?.fullName).toBe(
      '.mvccpb.KeyValue',
    );
  });

  it('says what it does not know', async () => {
    const { errorResponse } = await ask({ fileContainingSymbol: 'nobody.Knows' });
    expect(errorResponse).toMatchObject({ errorCode: 5 });
    expect((await ask({ fileByFilename: '../../etc/passwd' })).errorResponse).toMatchObject({ errorCode: 5 });
  });

  it('names every type in full, and the file it comes from', () => {
    const files = describeSchema().bySymbol('v3electionpb.Election') ?? [];
    const last = descriptor.FileDescriptorProto.decode(at(files, files.length - 1));
    const file = descriptor.FileDescriptorProto.toObject(last) as {
      dependency: string[];
      messageType: { field?: { typeName?: string }[] }[];
    };
    expect(file.dependency).toEqual(expect.arrayContaining(['etcdserverpb.proto', 'mvccpb.proto']));
    const names = file.messageType.flatMap(({ field }) =>
      (field ?? []).map(({ typeName }) => typeName ?? '.'),
    );
    expect(names.every((name) => name.startsWith('.'))).toBe(true);
  });
});
