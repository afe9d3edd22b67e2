import { status } from '@grpc/grpc-js';
import { grpc } from '../gen/protos.js';
import { decodeRequest } from './decode.js';
import type { CallStream, Method } from './method.js';
import { describeSchema } from './schema-files.js';
import type { SchemaFiles } from './schema-files.js';

const { ServerReflectionRequest, ServerReflectionResponse } = grpc.reflection.v1;

/**
 * gRPC's server reflection, under both of its names: grpcurl and its kin learn from it what there is to call. It tells
 * nothing that docs/compatibility.md does not, so everybody may ask.
 */
export function reflectionMethods(): readonly Method[] {
  let files: SchemaFiles | null = null; // Made when somebody asks: most servers are never asked.
  async function handle(call: CallStream): Promise<void> {
    files ??= describeSchema();
    for await (const bytes of call.requests) {
      const request = decodeRequest(ServerReflectionRequest, bytes);
      const answer = ServerReflectionResponse.encode({
        validHost: request.host,
        originalRequest: request,
        ...answerTo(request, files),
      });
      if (!call.send(Buffer.from(answer.finish()))) await call.drained();
    }
  }
  return ['v1', 'v1alpha'].map((version) => ({
    type: 'stream',
    direction: 'both',
    path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    handle,
  }));
}

type Answer = Pick<
  grpc.reflection.v1.ServerReflectionResponse.$Properties,
  'fileDescriptorResponse' | 'allExtensionNumbersResponse' | 'listServicesResponse' | 'errorResponse'
>;

function answerTo(request: grpc.reflection.v1.ServerReflectionRequest, files: SchemaFiles): Answer {
  const { listServices, fileByFilename, fileContainingSymbol, allExtensionNumbersOfType } = request;
  if (listServices !== undefined && listServices !== null) {
    return { listServicesResponse: { service: files.services.map((name) => ({ name })) } };
  }
  if (fileByFilename !== undefined && fileByFilename !== null) {
    return fileAnswer(files.byName(fileByFilename), fileByFilename);
  }
  if (fileContainingSymbol !== undefined && fileContainingSymbol !== null) {
    return fileAnswer(files.bySymbol(fileContainingSymbol), fileContainingSymbol);
  }
  if (allExtensionNumbersOfType !== undefined && allExtensionNumbersOfType !== null) {
    return { allExtensionNumbersResponse: { baseTypeName: allExtensionNumbersOfType } };
  }
  return notFound('there are no extensions');
}

function fileAnswer(files: readonly Uint8Array[] | null, asked: string): Answer {
  if (files === null) return notFound(`${JSON.stringify(asked.slice(0, 100))} is not known here`);
  return { fileDescriptorResponse: { fileDescriptorProto: [...files] } };
}

function notFound(errorMessage: string): Answer {
  return { errorResponse: { errorCode: status.NOT_FOUND, errorMessage } };
}
