import { copyGraph, type Op, type Repository } from '@gantry/oci';
import type { Images } from '../images/open-images.ts';
import type { MirroredImage } from './mirror-record.ts';

/** Copies images into a layout, each once. */
export interface ImageMirror {
  /**
   * Brings an image, all its platforms, what refers to it and its signatures into the layout. What the layout has already
   * is not downloaded. The image is admitted first, as for an installation. Throws what admitting and copying throw.
   */
  copy(image: string, op?: Op): Promise<MirroredImage>;
}

/** Copies one image after the other, so that what two of them share is there when the second one wants it. */
export function openImageMirror(images: Images, layout: Repository): ImageMirror {
  const copied = new Map<string, Promise<MirroredImage>>();
  let last: Promise<unknown> = Promise.resolve();

  const copyOne = async (image: string, op?: Op): Promise<MirroredImage> => {
    const { plugin } = await images.admit(image, op);
    const { root, repository } = plugin;
    if (repository === undefined) throw new TypeError(`${image} is in no repository`);
    await copyGraph(repository, layout, root, { referrers: true }, op);
    return { image, digest: root.digest };
  };

  return {
    copy: (image, op) => {
      const known = copied.get(image);
      if (known !== undefined) return known;
      const work = last.then(() => copyOne(image, op));
      last = work.catch(() => {});
      copied.set(image, work);
      return work;
    },
  };
}
