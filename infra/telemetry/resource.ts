import { type Resource, detectResources, resourceAttributesEnvDetector, resourceFromAttributes, serviceNameEnvDetector } from '@opentelemetry/resources';
import { slackwater } from './conventions.ts';

/** Who tells. `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` are laid over what the role knows of itself. */
export function resourceOf({ role, name, region, version }: { readonly role: string; readonly name: string; readonly region: string; readonly version: string }): Resource {
  const own = resourceFromAttributes({
    'service.name': `slackwater-${role}`, 'service.namespace': 'slackwater', 'service.instance.id': `${region}/${name}`, 'service.version': version,
    [slackwater.role]: role, [slackwater.region]: region, 'process.pid': process.pid,
  });
  return own.merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }));
}
