import { INSTANCE_LABEL } from '../../../src/pool/drivers/common-spec.js';
import { DockerDriver } from '../../../src/pool/drivers/docker.js';
import { driverContract } from '../../contract/driver.js';
import { describeDocker, docker } from '../../support/docker.js';

const image = 'miniwhisk/action-nodejs-v20:local';

for (const publish of [false, true]) {
  const instance = `test-${process.pid}-${publish}`;
  describeDocker(`docker driver, containers reached by ${publish ? 'published ports' : 'their own addresses'}`, () => {
    driverContract({
      open: () => new DockerDriver({ instance, publish }),
      kind: 'nodejs:20',
      image,
      missing: {
        kind: 'nodejs:20',
        image: 'miniwhisk.invalid/none:1',
        reason: /^Image 'miniwhisk\.invalid\/none:1' is not on this machine/,
      },
      kill: container => docker('kill', container.id).then(() => {}),
      isPaused: async container => (await docker('inspect', '--format={{.State.Paused}}', container.id)) === 'true',
      left: async () => {
        const names = await docker(
          'ps',
          '--all',
          '--filter',
          `label=${INSTANCE_LABEL}=${instance}`,
          '--format={{.Names}}',
        );
        return names.split('\n').filter(Boolean);
      },
    });
  });
}
