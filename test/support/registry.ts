import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A tar archive of one empty file. */
const layer = (name: string): Buffer => {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write('00000000000\0', 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, Buffer.alloc(1024)]);
};

const digestOf = (blob: Buffer): string => `sha256:${createHash('sha256').update(blob).digest('hex')}`;

export interface Registry extends AsyncDisposable {
  /** Such as `127.0.0.1:40001`; every image name below it exists. */
  readonly host: string;
  /** How often a manifest was asked for. */
  readonly pulls: () => number;
}

/** An image registry that gives an image of one file for every name, through the protocol that engines pull with. */
export const startRegistry = async (): Promise<Registry> => {
  const tar = layer(`file-${process.pid}-${Date.now()}`);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Cmd: ['/nothing'] },
      rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
      history: [],
    }),
  );
  const type = 'application/vnd.docker.distribution.manifest.v2+json';
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: {
        mediaType: 'application/vnd.docker.container.image.v1+json',
        size: config.length,
        digest: digestOf(config),
      },
      layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar', size: tar.length, digest: digestOf(tar) }],
    }),
  );
  let pulls = 0;
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    const send = (body: Buffer, contentType: string): void => {
      response.writeHead(200, {
        'content-type': contentType,
        'content-length': body.length,
        'docker-content-digest': digestOf(body),
        'docker-distribution-api-version': 'registry/2.0',
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    if (url === '/v2/') send(Buffer.from('{}'), 'application/json');
    else if (url.includes('/manifests/')) {
      if (!url.includes('sha256:')) pulls++;
      send(manifest, type);
    } else if (url.endsWith(digestOf(config))) send(config, 'application/octet-stream');
    else if (url.endsWith(digestOf(tar))) send(tar, 'application/octet-stream');
    else response.writeHead(404).end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    pulls: () => pulls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
};
