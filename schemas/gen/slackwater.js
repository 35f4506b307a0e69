/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;
const $root = $protobuf.roots["default"] || ($protobuf.roots["default"] = {});
export const slackwater = $root.slackwater = (() => {
 const slackwater = {};
 slackwater.v1 = (function() {
  const v1 = {};
  v1.Bill = (function() {
   const Bill = function (properties) {
    this.rows = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Bill.prototype.partition = 0;
   Bill.prototype.epoch = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   Bill.prototype.cursor = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   Bill.prototype.rows = $util.emptyArray;
   Bill.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.partition != null && $Object.hasOwnProperty.call(message, "partition") && message.partition !== 0)
     writer.uint32(8).uint32(message.partition);
    if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && (typeof message.epoch === "object" ? message.epoch.low || message.epoch.high : message.epoch !== 0))
     writer.uint32(16).uint64(message.epoch);
    if (message.cursor != null && $Object.hasOwnProperty.call(message, "cursor") && (typeof message.cursor === "object" ? message.cursor.low || message.cursor.high : message.cursor !== 0))
     writer.uint32(24).uint64(message.cursor);
    if (message.rows != null && message.rows.length)
     for (let i = 0; i < message.rows.length; ++i)
      $root.slackwater.v1.BillRow.encode(message.rows[i], writer.uint32(34).fork(), _depth + 1).ldelim();
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Bill.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Bill();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.partition = value;
       else
        delete message.partition;
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.epoch = value;
       else
        delete message.epoch;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.cursor = value;
       else
        delete message.cursor;
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       if (!(message.rows && message.rows.length))
        message.rows = [];
       message.rows.push($root.slackwater.v1.BillRow.decode(reader, reader.size(), $undefined, _depth + 1));
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Bill;
  })();
  v1.BillRow = (function() {
   const BillRow = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   BillRow.prototype.trace = "";
   BillRow.prototype.tenant = "";
   BillRow.prototype.steps = 0;
   BillRow.prototype.usage = null;
   BillRow.prototype.acceleratorMs = 0;
   BillRow.prototype.costUsd = 0;
   BillRow.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.tenant != null && $Object.hasOwnProperty.call(message, "tenant") && message.tenant !== "")
     writer.uint32(18).string(message.tenant);
    if (message.steps != null && $Object.hasOwnProperty.call(message, "steps") && message.steps !== 0)
     writer.uint32(24).uint32(message.steps);
    if (message.usage != null && $Object.hasOwnProperty.call(message, "usage"))
     $root.slackwater.v1.BillUsage.encode(message.usage, writer.uint32(34).fork(), _depth + 1).ldelim();
    if (message.acceleratorMs != null && $Object.hasOwnProperty.call(message, "acceleratorMs") && !$Object.is(message.acceleratorMs, 0))
     writer.uint32(41).double(message.acceleratorMs);
    if (message.costUsd != null && $Object.hasOwnProperty.call(message, "costUsd") && !$Object.is(message.costUsd, 0))
     writer.uint32(49).double(message.costUsd);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   BillRow.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.BillRow();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.tenant = value;
       else
        delete message.tenant;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.steps = value;
       else
        delete message.steps;
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       message.usage = $root.slackwater.v1.BillUsage.decode(reader, reader.size(), $undefined, _depth + 1, message.usage);
       continue;
      }
     case 5: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.acceleratorMs = value;
       else
        delete message.acceleratorMs;
       continue;
      }
     case 6: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.costUsd = value;
       else
        delete message.costUsd;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return BillRow;
  })();
  v1.BillUsage = (function() {
   const BillUsage = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   BillUsage.prototype.prompt = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   BillUsage.prototype.hit = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   BillUsage.prototype.recalled = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   BillUsage.prototype.computed = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   BillUsage.prototype.generated = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   BillUsage.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.prompt != null && $Object.hasOwnProperty.call(message, "prompt") && (typeof message.prompt === "object" ? message.prompt.low || message.prompt.high : message.prompt !== 0))
     writer.uint32(8).uint64(message.prompt);
    if (message.hit != null && $Object.hasOwnProperty.call(message, "hit") && (typeof message.hit === "object" ? message.hit.low || message.hit.high : message.hit !== 0))
     writer.uint32(16).uint64(message.hit);
    if (message.recalled != null && $Object.hasOwnProperty.call(message, "recalled") && (typeof message.recalled === "object" ? message.recalled.low || message.recalled.high : message.recalled !== 0))
     writer.uint32(24).uint64(message.recalled);
    if (message.computed != null && $Object.hasOwnProperty.call(message, "computed") && (typeof message.computed === "object" ? message.computed.low || message.computed.high : message.computed !== 0))
     writer.uint32(32).uint64(message.computed);
    if (message.generated != null && $Object.hasOwnProperty.call(message, "generated") && (typeof message.generated === "object" ? message.generated.low || message.generated.high : message.generated !== 0))
     writer.uint32(40).uint64(message.generated);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   BillUsage.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.BillUsage();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.prompt = value;
       else
        delete message.prompt;
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.hit = value;
       else
        delete message.hit;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.recalled = value;
       else
        delete message.recalled;
       continue;
      }
     case 4: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.computed = value;
       else
        delete message.computed;
       continue;
      }
     case 5: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.generated = value;
       else
        delete message.generated;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return BillUsage;
  })();
  v1.PromptRef = (function() {
   const PromptRef = function (properties) {
    this.pages = [];
    this.tail = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   PromptRef.prototype.pages = $util.emptyArray;
   PromptRef.prototype.tail = $util.emptyArray;
   PromptRef.prototype.tailChain = $util.newBuffer([]);
   PromptRef.prototype.tokens = 0;
   PromptRef.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.pages != null && message.pages.length)
     for (let i = 0; i < message.pages.length; ++i)
      writer.uint32(10).string(message.pages[i]);
    if (message.tail != null && message.tail.length)
     writer.uint32(18).uint32s(message.tail);
    if (message.tailChain != null && $Object.hasOwnProperty.call(message, "tailChain") && message.tailChain.length)
     writer.uint32(26).bytes(message.tailChain);
    if (message.tokens != null && $Object.hasOwnProperty.call(message, "tokens") && message.tokens !== 0)
     writer.uint32(32).uint32(message.tokens);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   PromptRef.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.PromptRef();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if (!(message.pages && message.pages.length))
        message.pages = [];
       message.pages.push(reader.stringVerify());
       continue;
      }
     case 2: {
       if (wireType === 2) {
        if (!(message.tail && message.tail.length))
         message.tail = [];
        reader.uint32s(message.tail);
        continue;
       }
       if (wireType !== 0)
        break;
       if (!(message.tail && message.tail.length))
        message.tail = [];
       message.tail.push(reader.uint32());
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.bytes()).length)
        message.tailChain = value;
       else
        delete message.tailChain;
       continue;
      }
     case 4: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.tokens = value;
       else
        delete message.tokens;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return PromptRef;
  })();
  v1.Page = (function() {
   const Page = function (properties) {
    this.tokens = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Page.prototype.parent = "";
   Page.prototype.tokens = $util.emptyArray;
   Page.prototype.chain = $util.newBuffer([]);
   Page.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.parent != null && $Object.hasOwnProperty.call(message, "parent") && message.parent !== "")
     writer.uint32(10).string(message.parent);
    if (message.tokens != null && message.tokens.length)
     writer.uint32(18).uint32s(message.tokens);
    if (message.chain != null && $Object.hasOwnProperty.call(message, "chain") && message.chain.length)
     writer.uint32(26).bytes(message.chain);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Page.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Page();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.parent = value;
       else
        delete message.parent;
       continue;
      }
     case 2: {
       if (wireType === 2) {
        if (!(message.tokens && message.tokens.length))
         message.tokens = [];
        reader.uint32s(message.tokens);
        continue;
       }
       if (wireType !== 0)
        break;
       if (!(message.tokens && message.tokens.length))
        message.tokens = [];
       message.tokens.push(reader.uint32());
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.bytes()).length)
        message.chain = value;
       else
        delete message.chain;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Page;
  })();
  v1.Splice = (function() {
   const Splice = function (properties) {
    this.tokens = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Splice.prototype.tokens = $util.emptyArray;
   Splice.prototype.count = null;
   let $oneOfFields;
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Splice.prototype, "_count", {
    get: $util.oneOfGetter($oneOfFields = ["count"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   Splice.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.tokens != null && message.tokens.length)
     writer.uint32(10).uint32s(message.tokens);
    if (message.count != null && $Object.hasOwnProperty.call(message, "count"))
     writer.uint32(16).uint32(message.count);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Splice.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Splice();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType === 2) {
        if (!(message.tokens && message.tokens.length))
         message.tokens = [];
        reader.uint32s(message.tokens);
        continue;
       }
       if (wireType !== 0)
        break;
       if (!(message.tokens && message.tokens.length))
        message.tokens = [];
       message.tokens.push(reader.uint32());
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       message.count = reader.uint32();
       message._count = "count";
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Splice;
  })();
  v1.Sampling = (function() {
   const Sampling = function (properties) {
    this.stop = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Sampling.prototype.maxTokens = 0;
   Sampling.prototype.temperature = 0;
   Sampling.prototype.topP = 0;
   Sampling.prototype.topK = 0;
   Sampling.prototype.seed = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   Sampling.prototype.stop = $util.emptyArray;
   Sampling.prototype.logprobs = 0;
   Sampling.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.maxTokens != null && $Object.hasOwnProperty.call(message, "maxTokens") && message.maxTokens !== 0)
     writer.uint32(8).uint32(message.maxTokens);
    if (message.temperature != null && $Object.hasOwnProperty.call(message, "temperature") && !$Object.is(message.temperature, 0))
     writer.uint32(17).double(message.temperature);
    if (message.topP != null && $Object.hasOwnProperty.call(message, "topP") && !$Object.is(message.topP, 0))
     writer.uint32(25).double(message.topP);
    if (message.topK != null && $Object.hasOwnProperty.call(message, "topK") && message.topK !== 0)
     writer.uint32(32).uint32(message.topK);
    if (message.seed != null && $Object.hasOwnProperty.call(message, "seed") && (typeof message.seed === "object" ? message.seed.low || message.seed.high : message.seed !== 0))
     writer.uint32(40).uint64(message.seed);
    if (message.stop != null && message.stop.length)
     for (let i = 0; i < message.stop.length; ++i)
      writer.uint32(50).string(message.stop[i]);
    if (message.logprobs != null && $Object.hasOwnProperty.call(message, "logprobs") && message.logprobs !== 0)
     writer.uint32(56).sint32(message.logprobs);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Sampling.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Sampling();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.maxTokens = value;
       else
        delete message.maxTokens;
       continue;
      }
     case 2: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.temperature = value;
       else
        delete message.temperature;
       continue;
      }
     case 3: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.topP = value;
       else
        delete message.topP;
       continue;
      }
     case 4: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.topK = value;
       else
        delete message.topK;
       continue;
      }
     case 5: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.seed = value;
       else
        delete message.seed;
       continue;
      }
     case 6: {
       if (wireType !== 2)
        break;
       if (!(message.stop && message.stop.length))
        message.stop = [];
       message.stop.push(reader.stringVerify());
       continue;
      }
     case 7: {
       if (wireType !== 0)
        break;
       if (value = reader.sint32())
        message.logprobs = value;
       else
        delete message.logprobs;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Sampling;
  })();
  v1.Usage = (function() {
   const Usage = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Usage.prototype.prompt = 0;
   Usage.prototype.hit = 0;
   Usage.prototype.recalled = 0;
   Usage.prototype.computed = 0;
   Usage.prototype.generated = 0;
   Usage.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.prompt != null && $Object.hasOwnProperty.call(message, "prompt") && message.prompt !== 0)
     writer.uint32(8).uint32(message.prompt);
    if (message.hit != null && $Object.hasOwnProperty.call(message, "hit") && message.hit !== 0)
     writer.uint32(16).uint32(message.hit);
    if (message.recalled != null && $Object.hasOwnProperty.call(message, "recalled") && message.recalled !== 0)
     writer.uint32(24).uint32(message.recalled);
    if (message.computed != null && $Object.hasOwnProperty.call(message, "computed") && message.computed !== 0)
     writer.uint32(32).uint32(message.computed);
    if (message.generated != null && $Object.hasOwnProperty.call(message, "generated") && message.generated !== 0)
     writer.uint32(40).uint32(message.generated);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Usage.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Usage();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.prompt = value;
       else
        delete message.prompt;
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.hit = value;
       else
        delete message.hit;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.recalled = value;
       else
        delete message.recalled;
       continue;
      }
     case 4: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.computed = value;
       else
        delete message.computed;
       continue;
      }
     case 5: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.generated = value;
       else
        delete message.generated;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Usage;
  })();
  v1.Timing = (function() {
   const Timing = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Timing.prototype.queuedMs = 0;
   Timing.prototype.recallMs = 0;
   Timing.prototype.firstTokenMs = 0;
   Timing.prototype.totalMs = 0;
   Timing.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.queuedMs != null && $Object.hasOwnProperty.call(message, "queuedMs") && !$Object.is(message.queuedMs, 0))
     writer.uint32(9).double(message.queuedMs);
    if (message.recallMs != null && $Object.hasOwnProperty.call(message, "recallMs") && !$Object.is(message.recallMs, 0))
     writer.uint32(17).double(message.recallMs);
    if (message.firstTokenMs != null && $Object.hasOwnProperty.call(message, "firstTokenMs") && !$Object.is(message.firstTokenMs, 0))
     writer.uint32(25).double(message.firstTokenMs);
    if (message.totalMs != null && $Object.hasOwnProperty.call(message, "totalMs") && !$Object.is(message.totalMs, 0))
     writer.uint32(33).double(message.totalMs);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Timing.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Timing();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.queuedMs = value;
       else
        delete message.queuedMs;
       continue;
      }
     case 2: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.recallMs = value;
       else
        delete message.recallMs;
       continue;
      }
     case 3: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.firstTokenMs = value;
       else
        delete message.firstTokenMs;
       continue;
      }
     case 4: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.totalMs = value;
       else
        delete message.totalMs;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Timing;
  })();
  v1.TokenChance = (function() {
   const TokenChance = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   TokenChance.prototype.token = 0;
   TokenChance.prototype.logprob = 0;
   TokenChance.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.token != null && $Object.hasOwnProperty.call(message, "token") && message.token !== 0)
     writer.uint32(8).uint32(message.token);
    if (message.logprob != null && $Object.hasOwnProperty.call(message, "logprob") && !$Object.is(message.logprob, 0))
     writer.uint32(17).double(message.logprob);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   TokenChance.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.TokenChance();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.token = value;
       else
        delete message.token;
       continue;
      }
     case 2: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.logprob = value;
       else
        delete message.logprob;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return TokenChance;
  })();
  v1.TokenLogprob = (function() {
   const TokenLogprob = function (properties) {
    this.top = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   TokenLogprob.prototype.token = 0;
   TokenLogprob.prototype.logprob = 0;
   TokenLogprob.prototype.top = $util.emptyArray;
   TokenLogprob.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.token != null && $Object.hasOwnProperty.call(message, "token") && message.token !== 0)
     writer.uint32(8).uint32(message.token);
    if (message.logprob != null && $Object.hasOwnProperty.call(message, "logprob") && !$Object.is(message.logprob, 0))
     writer.uint32(17).double(message.logprob);
    if (message.top != null && message.top.length)
     for (let i = 0; i < message.top.length; ++i)
      $root.slackwater.v1.TokenChance.encode(message.top[i], writer.uint32(26).fork(), _depth + 1).ldelim();
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   TokenLogprob.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.TokenLogprob();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.token = value;
       else
        delete message.token;
       continue;
      }
     case 2: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.logprob = value;
       else
        delete message.logprob;
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if (!(message.top && message.top.length))
        message.top = [];
       message.top.push($root.slackwater.v1.TokenChance.decode(reader, reader.size(), $undefined, _depth + 1));
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return TokenLogprob;
  })();
  v1.StepClass = (function() {
   const valuesById = $Object.create(null), values = $Object.create(valuesById);
   values[valuesById[0] = "STEP_CLASS_UNSPECIFIED"] = 0;
   values[valuesById[1] = "STEP_CLASS_INTERACTIVE"] = 1;
   values[valuesById[2] = "STEP_CLASS_AGENT"] = 2;
   values[valuesById[3] = "STEP_CLASS_BACKGROUND"] = 3;
   return values;
  })();
  v1.Lane = (function() {
   const valuesById = $Object.create(null), values = $Object.create(valuesById);
   values[valuesById[0] = "LANE_UNSPECIFIED"] = 0;
   values[valuesById[1] = "LANE_MAIN"] = 1;
   values[valuesById[2] = "LANE_SIDE"] = 2;
   return values;
  })();
  v1.Finish = (function() {
   const valuesById = $Object.create(null), values = $Object.create(valuesById);
   values[valuesById[0] = "FINISH_UNSPECIFIED"] = 0;
   values[valuesById[1] = "FINISH_STOP"] = 1;
   values[valuesById[2] = "FINISH_LENGTH"] = 2;
   values[valuesById[3] = "FINISH_TOOL_CALLS"] = 3;
   values[valuesById[4] = "FINISH_CANCELLED"] = 4;
   return values;
  })();
  v1.Outcome = (function() {
   const valuesById = $Object.create(null), values = $Object.create(valuesById);
   values[valuesById[0] = "OUTCOME_UNSPECIFIED"] = 0;
   values[valuesById[1] = "OUTCOME_FINISHED"] = 1;
   values[valuesById[2] = "OUTCOME_ABANDONED"] = 2;
   values[valuesById[3] = "OUTCOME_FAILED"] = 3;
   values[valuesById[4] = "OUTCOME_CANCELLED"] = 4;
   return values;
  })();
  v1.Tier = (function() {
   const valuesById = $Object.create(null), values = $Object.create(valuesById);
   values[valuesById[0] = "TIER_UNSPECIFIED"] = 0;
   values[valuesById[1] = "TIER_HBM"] = 1;
   values[valuesById[2] = "TIER_DRAM"] = 2;
   return values;
  })();
  v1.Retry = (function() {
   const valuesById = $Object.create(null), values = $Object.create(valuesById);
   values[valuesById[0] = "RETRY_UNSPECIFIED"] = 0;
   values[valuesById[1] = "RETRY_NEVER"] = 1;
   values[valuesById[2] = "RETRY_LATER"] = 2;
   values[valuesById[3] = "RETRY_ELSEWHERE"] = 3;
   return values;
  })();
  v1.TraceState = (function() {
   const valuesById = $Object.create(null), values = $Object.create(valuesById);
   values[valuesById[0] = "TRACE_STATE_UNSPECIFIED"] = 0;
   values[valuesById[1] = "TRACE_STATE_START"] = 1;
   values[valuesById[2] = "TRACE_STATE_RUNNING"] = 2;
   values[valuesById[3] = "TRACE_STATE_TOOL_GAP"] = 3;
   values[valuesById[4] = "TRACE_STATE_FAN_OUT"] = 4;
   values[valuesById[5] = "TRACE_STATE_RESUMED"] = 5;
   values[valuesById[6] = "TRACE_STATE_DONE"] = 6;
   return values;
  })();
  v1.Evt = (function() {
   const Evt = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Evt.prototype.decision = null;
   Evt.prototype.transition = null;
   let $oneOfFields;
   $Object.defineProperty(Evt.prototype, "evt", {
    get: $util.oneOfGetter($oneOfFields = ["decision", "transition"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   Evt.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.decision != null && $Object.hasOwnProperty.call(message, "decision"))
     $root.slackwater.v1.Decision.encode(message.decision, writer.uint32(10).fork(), _depth + 1).ldelim();
    if (message.transition != null && $Object.hasOwnProperty.call(message, "transition"))
     $root.slackwater.v1.TransitionEvent.encode(message.transition, writer.uint32(18).fork(), _depth + 1).ldelim();
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Evt.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Evt();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       message.decision = $root.slackwater.v1.Decision.decode(reader, reader.size(), $undefined, _depth + 1, message.decision);
       message.evt = "decision";
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       message.transition = $root.slackwater.v1.TransitionEvent.decode(reader, reader.size(), $undefined, _depth + 1, message.transition);
       message.evt = "transition";
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Evt;
  })();
  v1.DecisionWhat = (function() {
   const valuesById = $Object.create(null), values = $Object.create(valuesById);
   values[valuesById[0] = "DECISION_WHAT_UNSPECIFIED"] = 0;
   values[valuesById[1] = "DECISION_WHAT_PLACE"] = 1;
   values[valuesById[2] = "DECISION_WHAT_ORDER"] = 2;
   values[valuesById[3] = "DECISION_WHAT_DEMOTE"] = 3;
   values[valuesById[4] = "DECISION_WHAT_RECALL"] = 4;
   values[valuesById[5] = "DECISION_WHAT_PIN"] = 5;
   values[valuesById[6] = "DECISION_WHAT_UNPIN"] = 6;
   values[valuesById[7] = "DECISION_WHAT_EVICT"] = 7;
   values[valuesById[8] = "DECISION_WHAT_GANG"] = 8;
   values[valuesById[9] = "DECISION_WHAT_MIGRATE"] = 9;
   values[valuesById[10] = "DECISION_WHAT_DEFER"] = 10;
   values[valuesById[11] = "DECISION_WHAT_REGIME"] = 11;
   return values;
  })();
  v1.Decision = (function() {
   const Decision = function (properties) {
    this.alternatives = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Decision.prototype.atMs = 0;
   Decision.prototype.trace = "";
   Decision.prototype.step = "";
   Decision.prototype.what = 0;
   Decision.prototype.choice = "";
   Decision.prototype.policy = "";
   Decision.prototype.regime = "";
   Decision.prototype.why = "";
   Decision.prototype.alternatives = $util.emptyArray;
   Decision.prototype.forecast = null;
   Decision.prototype.outcome = null;
   Decision.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.atMs != null && $Object.hasOwnProperty.call(message, "atMs") && !$Object.is(message.atMs, 0))
     writer.uint32(9).double(message.atMs);
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(18).string(message.trace);
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(26).string(message.step);
    if (message.what != null && $Object.hasOwnProperty.call(message, "what") && message.what !== 0)
     writer.uint32(32).int32(message.what);
    if (message.choice != null && $Object.hasOwnProperty.call(message, "choice") && message.choice !== "")
     writer.uint32(42).string(message.choice);
    if (message.policy != null && $Object.hasOwnProperty.call(message, "policy") && message.policy !== "")
     writer.uint32(50).string(message.policy);
    if (message.regime != null && $Object.hasOwnProperty.call(message, "regime") && message.regime !== "")
     writer.uint32(58).string(message.regime);
    if (message.why != null && $Object.hasOwnProperty.call(message, "why") && message.why !== "")
     writer.uint32(66).string(message.why);
    if (message.alternatives != null && message.alternatives.length)
     for (let i = 0; i < message.alternatives.length; ++i)
      $root.slackwater.v1.Alternative.encode(message.alternatives[i], writer.uint32(74).fork(), _depth + 1).ldelim();
    if (message.forecast != null && $Object.hasOwnProperty.call(message, "forecast"))
     $root.slackwater.v1.Forecast.encode(message.forecast, writer.uint32(82).fork(), _depth + 1).ldelim();
    if (message.outcome != null && $Object.hasOwnProperty.call(message, "outcome"))
     $root.slackwater.v1.DecisionOutcome.encode(message.outcome, writer.uint32(90).fork(), _depth + 1).ldelim();
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Decision.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Decision();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.atMs = value;
       else
        delete message.atMs;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 4: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.what = value;
       else
        delete message.what;
       continue;
      }
     case 5: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.choice = value;
       else
        delete message.choice;
       continue;
      }
     case 6: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.policy = value;
       else
        delete message.policy;
       continue;
      }
     case 7: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.regime = value;
       else
        delete message.regime;
       continue;
      }
     case 8: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.why = value;
       else
        delete message.why;
       continue;
      }
     case 9: {
       if (wireType !== 2)
        break;
       if (!(message.alternatives && message.alternatives.length))
        message.alternatives = [];
       message.alternatives.push($root.slackwater.v1.Alternative.decode(reader, reader.size(), $undefined, _depth + 1));
       continue;
      }
     case 10: {
       if (wireType !== 2)
        break;
       message.forecast = $root.slackwater.v1.Forecast.decode(reader, reader.size(), $undefined, _depth + 1, message.forecast);
       continue;
      }
     case 11: {
       if (wireType !== 2)
        break;
       message.outcome = $root.slackwater.v1.DecisionOutcome.decode(reader, reader.size(), $undefined, _depth + 1, message.outcome);
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Decision;
  })();
  v1.Alternative = (function() {
   const Alternative = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Alternative.prototype.choice = "";
   Alternative.prototype.score = 0;
   Alternative.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.choice != null && $Object.hasOwnProperty.call(message, "choice") && message.choice !== "")
     writer.uint32(10).string(message.choice);
    if (message.score != null && $Object.hasOwnProperty.call(message, "score") && !$Object.is(message.score, 0))
     writer.uint32(17).double(message.score);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Alternative.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Alternative();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.choice = value;
       else
        delete message.choice;
       continue;
      }
     case 2: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.score = value;
       else
        delete message.score;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Alternative;
  })();
  v1.Forecast = (function() {
   const Forecast = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Forecast.prototype.resumeP50Ms = 0;
   Forecast.prototype.resumeP95Ms = 0;
   Forecast.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.resumeP50Ms != null && $Object.hasOwnProperty.call(message, "resumeP50Ms") && !$Object.is(message.resumeP50Ms, 0))
     writer.uint32(9).double(message.resumeP50Ms);
    if (message.resumeP95Ms != null && $Object.hasOwnProperty.call(message, "resumeP95Ms") && !$Object.is(message.resumeP95Ms, 0))
     writer.uint32(17).double(message.resumeP95Ms);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Forecast.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Forecast();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.resumeP50Ms = value;
       else
        delete message.resumeP50Ms;
       continue;
      }
     case 2: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.resumeP95Ms = value;
       else
        delete message.resumeP95Ms;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Forecast;
  })();
  v1.DecisionOutcome = (function() {
   const DecisionOutcome = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   DecisionOutcome.prototype.firstTokenMs = 0;
   DecisionOutcome.prototype.promisedMs = 0;
   DecisionOutcome.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.firstTokenMs != null && $Object.hasOwnProperty.call(message, "firstTokenMs") && !$Object.is(message.firstTokenMs, 0))
     writer.uint32(9).double(message.firstTokenMs);
    if (message.promisedMs != null && $Object.hasOwnProperty.call(message, "promisedMs") && !$Object.is(message.promisedMs, 0))
     writer.uint32(17).double(message.promisedMs);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   DecisionOutcome.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.DecisionOutcome();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.firstTokenMs = value;
       else
        delete message.firstTokenMs;
       continue;
      }
     case 2: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.promisedMs = value;
       else
        delete message.promisedMs;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return DecisionOutcome;
  })();
  v1.TransitionEvent = (function() {
   const TransitionEvent = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   TransitionEvent.prototype.atMs = 0;
   TransitionEvent.prototype.trace = "";
   TransitionEvent.prototype.tenant = "";
   TransitionEvent.prototype.parent = null;
   TransitionEvent.prototype.from = 0;
   TransitionEvent.prototype.to = 0;
   TransitionEvent.prototype.step = "";
   TransitionEvent.prototype.seq = 0;
   TransitionEvent.prototype.worker = "";
   TransitionEvent.prototype.usage = null;
   TransitionEvent.prototype.outcome = null;
   let $oneOfFields;
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(TransitionEvent.prototype, "_parent", {
    get: $util.oneOfGetter($oneOfFields = ["parent"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(TransitionEvent.prototype, "_outcome", {
    get: $util.oneOfGetter($oneOfFields = ["outcome"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   TransitionEvent.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.atMs != null && $Object.hasOwnProperty.call(message, "atMs") && !$Object.is(message.atMs, 0))
     writer.uint32(9).double(message.atMs);
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(18).string(message.trace);
    if (message.tenant != null && $Object.hasOwnProperty.call(message, "tenant") && message.tenant !== "")
     writer.uint32(26).string(message.tenant);
    if (message.parent != null && $Object.hasOwnProperty.call(message, "parent"))
     writer.uint32(34).string(message.parent);
    if (message.from != null && $Object.hasOwnProperty.call(message, "from") && message.from !== 0)
     writer.uint32(40).int32(message.from);
    if (message.to != null && $Object.hasOwnProperty.call(message, "to") && message.to !== 0)
     writer.uint32(48).int32(message.to);
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(58).string(message.step);
    if (message.seq != null && $Object.hasOwnProperty.call(message, "seq") && message.seq !== 0)
     writer.uint32(64).uint32(message.seq);
    if (message.worker != null && $Object.hasOwnProperty.call(message, "worker") && message.worker !== "")
     writer.uint32(74).string(message.worker);
    if (message.usage != null && $Object.hasOwnProperty.call(message, "usage"))
     $root.slackwater.v1.Usage.encode(message.usage, writer.uint32(82).fork(), _depth + 1).ldelim();
    if (message.outcome != null && $Object.hasOwnProperty.call(message, "outcome"))
     writer.uint32(88).int32(message.outcome);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   TransitionEvent.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.TransitionEvent();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.atMs = value;
       else
        delete message.atMs;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.tenant = value;
       else
        delete message.tenant;
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       message.parent = reader.stringVerify();
       message._parent = "parent";
       continue;
      }
     case 5: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.from = value;
       else
        delete message.from;
       continue;
      }
     case 6: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.to = value;
       else
        delete message.to;
       continue;
      }
     case 7: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 8: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.seq = value;
       else
        delete message.seq;
       continue;
      }
     case 9: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.worker = value;
       else
        delete message.worker;
       continue;
      }
     case 10: {
       if (wireType !== 2)
        break;
       message.usage = $root.slackwater.v1.Usage.decode(reader, reader.size(), $undefined, _depth + 1, message.usage);
       continue;
      }
     case 11: {
       if (wireType !== 0)
        break;
       message.outcome = reader.int32();
       message._outcome = "outcome";
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return TransitionEvent;
  })();
  v1.StepRequest = (function() {
   const StepRequest = function (properties) {
    this.messages = [];
    this.append = [];
    this.tools = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   StepRequest.prototype.v = 0;
   StepRequest.prototype.id = null;
   StepRequest.prototype.trace = null;
   StepRequest.prototype.parent = null;
   StepRequest.prototype.seq = null;
   StepRequest.prototype.model = null;
   StepRequest.prototype.messages = $util.emptyArray;
   StepRequest.prototype.append = $util.emptyArray;
   StepRequest.prototype.tools = $util.emptyArray;
   StepRequest.prototype.sampling = null;
   StepRequest.prototype["class"] = null;
   StepRequest.prototype.deadlineMs = null;
   StepRequest.prototype.end = false;
   StepRequest.prototype.reply = null;
   let $oneOfFields;
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(StepRequest.prototype, "_id", {
    get: $util.oneOfGetter($oneOfFields = ["id"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(StepRequest.prototype, "_trace", {
    get: $util.oneOfGetter($oneOfFields = ["trace"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(StepRequest.prototype, "_parent", {
    get: $util.oneOfGetter($oneOfFields = ["parent"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(StepRequest.prototype, "_seq", {
    get: $util.oneOfGetter($oneOfFields = ["seq"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(StepRequest.prototype, "_model", {
    get: $util.oneOfGetter($oneOfFields = ["model"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(StepRequest.prototype, "_class", {
    get: $util.oneOfGetter($oneOfFields = ["class"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(StepRequest.prototype, "_deadlineMs", {
    get: $util.oneOfGetter($oneOfFields = ["deadlineMs"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(StepRequest.prototype, "_reply", {
    get: $util.oneOfGetter($oneOfFields = ["reply"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   StepRequest.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.v != null && $Object.hasOwnProperty.call(message, "v") && message.v !== 0)
     writer.uint32(8).uint32(message.v);
    if (message.id != null && $Object.hasOwnProperty.call(message, "id"))
     writer.uint32(18).string(message.id);
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace"))
     writer.uint32(26).string(message.trace);
    if (message.parent != null && $Object.hasOwnProperty.call(message, "parent"))
     writer.uint32(34).string(message.parent);
    if (message.seq != null && $Object.hasOwnProperty.call(message, "seq"))
     writer.uint32(40).uint32(message.seq);
    if (message.model != null && $Object.hasOwnProperty.call(message, "model"))
     writer.uint32(50).string(message.model);
    if (message.messages != null && message.messages.length)
     for (let i = 0; i < message.messages.length; ++i)
      $root.slackwater.v1.ChatMessage.encode(message.messages[i], writer.uint32(58).fork(), _depth + 1).ldelim();
    if (message.append != null && message.append.length)
     for (let i = 0; i < message.append.length; ++i)
      $root.slackwater.v1.ChatMessage.encode(message.append[i], writer.uint32(66).fork(), _depth + 1).ldelim();
    if (message.tools != null && message.tools.length)
     for (let i = 0; i < message.tools.length; ++i)
      $root.slackwater.v1.Tool.encode(message.tools[i], writer.uint32(74).fork(), _depth + 1).ldelim();
    if (message.sampling != null && $Object.hasOwnProperty.call(message, "sampling"))
     $root.slackwater.v1.StepSampling.encode(message.sampling, writer.uint32(82).fork(), _depth + 1).ldelim();
    if (message["class"] != null && $Object.hasOwnProperty.call(message, "class"))
     writer.uint32(88).int32(message["class"]);
    if (message.deadlineMs != null && $Object.hasOwnProperty.call(message, "deadlineMs"))
     writer.uint32(97).double(message.deadlineMs);
    if (message.end != null && $Object.hasOwnProperty.call(message, "end") && message.end !== false)
     writer.uint32(104).bool(message.end);
    if (message.reply != null && $Object.hasOwnProperty.call(message, "reply"))
     writer.uint32(114).string(message.reply);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   StepRequest.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.StepRequest();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.v = value;
       else
        delete message.v;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       message.id = reader.stringVerify();
       message._id = "id";
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       message.trace = reader.stringVerify();
       message._trace = "trace";
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       message.parent = reader.stringVerify();
       message._parent = "parent";
       continue;
      }
     case 5: {
       if (wireType !== 0)
        break;
       message.seq = reader.uint32();
       message._seq = "seq";
       continue;
      }
     case 6: {
       if (wireType !== 2)
        break;
       message.model = reader.stringVerify();
       message._model = "model";
       continue;
      }
     case 7: {
       if (wireType !== 2)
        break;
       if (!(message.messages && message.messages.length))
        message.messages = [];
       message.messages.push($root.slackwater.v1.ChatMessage.decode(reader, reader.size(), $undefined, _depth + 1));
       continue;
      }
     case 8: {
       if (wireType !== 2)
        break;
       if (!(message.append && message.append.length))
        message.append = [];
       message.append.push($root.slackwater.v1.ChatMessage.decode(reader, reader.size(), $undefined, _depth + 1));
       continue;
      }
     case 9: {
       if (wireType !== 2)
        break;
       if (!(message.tools && message.tools.length))
        message.tools = [];
       message.tools.push($root.slackwater.v1.Tool.decode(reader, reader.size(), $undefined, _depth + 1));
       continue;
      }
     case 10: {
       if (wireType !== 2)
        break;
       message.sampling = $root.slackwater.v1.StepSampling.decode(reader, reader.size(), $undefined, _depth + 1, message.sampling);
       continue;
      }
     case 11: {
       if (wireType !== 0)
        break;
       message["class"] = reader.int32();
       message._class = "class";
       continue;
      }
     case 12: {
       if (wireType !== 1)
        break;
       message.deadlineMs = reader.double();
       message._deadlineMs = "deadlineMs";
       continue;
      }
     case 13: {
       if (wireType !== 0)
        break;
       if (value = reader.bool())
        message.end = value;
       else
        delete message.end;
       continue;
      }
     case 14: {
       if (wireType !== 2)
        break;
       message.reply = reader.stringVerify();
       message._reply = "reply";
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return StepRequest;
  })();
  v1.ChatMessage = (function() {
   const ChatMessage = function (properties) {
    this.toolCalls = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   ChatMessage.prototype.role = "";
   ChatMessage.prototype.content = null;
   ChatMessage.prototype.name = null;
   ChatMessage.prototype.toolCalls = $util.emptyArray;
   ChatMessage.prototype.toolCallId = null;
   let $oneOfFields;
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(ChatMessage.prototype, "_content", {
    get: $util.oneOfGetter($oneOfFields = ["content"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(ChatMessage.prototype, "_name", {
    get: $util.oneOfGetter($oneOfFields = ["name"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(ChatMessage.prototype, "_toolCallId", {
    get: $util.oneOfGetter($oneOfFields = ["toolCallId"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   ChatMessage.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.role != null && $Object.hasOwnProperty.call(message, "role") && message.role !== "")
     writer.uint32(10).string(message.role);
    if (message.content != null && $Object.hasOwnProperty.call(message, "content"))
     writer.uint32(18).string(message.content);
    if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
     writer.uint32(26).string(message.name);
    if (message.toolCalls != null && message.toolCalls.length)
     for (let i = 0; i < message.toolCalls.length; ++i)
      $root.slackwater.v1.ToolCall.encode(message.toolCalls[i], writer.uint32(34).fork(), _depth + 1).ldelim();
    if (message.toolCallId != null && $Object.hasOwnProperty.call(message, "toolCallId"))
     writer.uint32(42).string(message.toolCallId);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   ChatMessage.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.ChatMessage();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.role = value;
       else
        delete message.role;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       message.content = reader.stringVerify();
       message._content = "content";
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       message.name = reader.stringVerify();
       message._name = "name";
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       if (!(message.toolCalls && message.toolCalls.length))
        message.toolCalls = [];
       message.toolCalls.push($root.slackwater.v1.ToolCall.decode(reader, reader.size(), $undefined, _depth + 1));
       continue;
      }
     case 5: {
       if (wireType !== 2)
        break;
       message.toolCallId = reader.stringVerify();
       message._toolCallId = "toolCallId";
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return ChatMessage;
  })();
  v1.ToolCall = (function() {
   const ToolCall = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   ToolCall.prototype.id = "";
   ToolCall.prototype.name = "";
   ToolCall.prototype["arguments"] = "";
   ToolCall.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
     writer.uint32(10).string(message.id);
    if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
     writer.uint32(18).string(message.name);
    if (message["arguments"] != null && $Object.hasOwnProperty.call(message, "arguments") && message["arguments"] !== "")
     writer.uint32(26).string(message["arguments"]);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   ToolCall.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.ToolCall();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.id = value;
       else
        delete message.id;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.name = value;
       else
        delete message.name;
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message["arguments"] = value;
       else
        delete message["arguments"];
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return ToolCall;
  })();
  v1.Tool = (function() {
   const Tool = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Tool.prototype.name = "";
   Tool.prototype.description = null;
   Tool.prototype.parametersJson = null;
   let $oneOfFields;
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Tool.prototype, "_description", {
    get: $util.oneOfGetter($oneOfFields = ["description"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Tool.prototype, "_parametersJson", {
    get: $util.oneOfGetter($oneOfFields = ["parametersJson"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   Tool.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
     writer.uint32(10).string(message.name);
    if (message.description != null && $Object.hasOwnProperty.call(message, "description"))
     writer.uint32(18).string(message.description);
    if (message.parametersJson != null && $Object.hasOwnProperty.call(message, "parametersJson"))
     writer.uint32(26).string(message.parametersJson);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Tool.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Tool();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.name = value;
       else
        delete message.name;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       message.description = reader.stringVerify();
       message._description = "description";
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       message.parametersJson = reader.stringVerify();
       message._parametersJson = "parametersJson";
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Tool;
  })();
  v1.StepSampling = (function() {
   const StepSampling = function (properties) {
    this.stop = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   StepSampling.prototype.maxTokens = null;
   StepSampling.prototype.temperature = null;
   StepSampling.prototype.topP = null;
   StepSampling.prototype.topK = null;
   StepSampling.prototype.seed = null;
   StepSampling.prototype.stop = $util.emptyArray;
   let $oneOfFields;
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(StepSampling.prototype, "_maxTokens", {
    get: $util.oneOfGetter($oneOfFields = ["maxTokens"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(StepSampling.prototype, "_temperature", {
    get: $util.oneOfGetter($oneOfFields = ["temperature"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(StepSampling.prototype, "_topP", {
    get: $util.oneOfGetter($oneOfFields = ["topP"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(StepSampling.prototype, "_topK", {
    get: $util.oneOfGetter($oneOfFields = ["topK"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(StepSampling.prototype, "_seed", {
    get: $util.oneOfGetter($oneOfFields = ["seed"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   StepSampling.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.maxTokens != null && $Object.hasOwnProperty.call(message, "maxTokens"))
     writer.uint32(8).uint32(message.maxTokens);
    if (message.temperature != null && $Object.hasOwnProperty.call(message, "temperature"))
     writer.uint32(17).double(message.temperature);
    if (message.topP != null && $Object.hasOwnProperty.call(message, "topP"))
     writer.uint32(25).double(message.topP);
    if (message.topK != null && $Object.hasOwnProperty.call(message, "topK"))
     writer.uint32(32).uint32(message.topK);
    if (message.seed != null && $Object.hasOwnProperty.call(message, "seed"))
     writer.uint32(40).uint64(message.seed);
    if (message.stop != null && message.stop.length)
     for (let i = 0; i < message.stop.length; ++i)
      writer.uint32(50).string(message.stop[i]);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   StepSampling.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.StepSampling();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       message.maxTokens = reader.uint32();
       message._maxTokens = "maxTokens";
       continue;
      }
     case 2: {
       if (wireType !== 1)
        break;
       message.temperature = reader.double();
       message._temperature = "temperature";
       continue;
      }
     case 3: {
       if (wireType !== 1)
        break;
       message.topP = reader.double();
       message._topP = "topP";
       continue;
      }
     case 4: {
       if (wireType !== 0)
        break;
       message.topK = reader.uint32();
       message._topK = "topK";
       continue;
      }
     case 5: {
       if (wireType !== 0)
        break;
       message.seed = reader.uint64();
       message._seed = "seed";
       continue;
      }
     case 6: {
       if (wireType !== 2)
        break;
       if (!(message.stop && message.stop.length))
        message.stop = [];
       message.stop.push(reader.stringVerify());
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return StepSampling;
  })();
  v1.IdentityHow = (function() {
   const valuesById = $Object.create(null), values = $Object.create(valuesById);
   values[valuesById[0] = "IDENTITY_HOW_UNSPECIFIED"] = 0;
   values[valuesById[1] = "IDENTITY_HOW_EXPLICIT"] = 1;
   values[valuesById[2] = "IDENTITY_HOW_INFERRED"] = 2;
   values[valuesById[3] = "IDENTITY_HOW_NEW"] = 3;
   return values;
  })();
  v1.Identity = (function() {
   const Identity = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Identity.prototype.how = 0;
   Identity.prototype.confidence = 0;
   Identity.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.how != null && $Object.hasOwnProperty.call(message, "how") && message.how !== 0)
     writer.uint32(8).int32(message.how);
    if (message.confidence != null && $Object.hasOwnProperty.call(message, "confidence") && !$Object.is(message.confidence, 0))
     writer.uint32(17).double(message.confidence);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Identity.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Identity();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.how = value;
       else
        delete message.how;
       continue;
      }
     case 2: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.confidence = value;
       else
        delete message.confidence;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Identity;
  })();
  v1.Who = (function() {
   const Who = function (properties) {
    this.chain = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Who.prototype.tenant = "";
   Who.prototype.model = "";
   Who.prototype.id = "";
   Who.prototype.trace = null;
   Who.prototype.parent = null;
   Who.prototype.seq = null;
   Who.prototype.chain = $util.emptyArray;
   let $oneOfFields;
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Who.prototype, "_trace", {
    get: $util.oneOfGetter($oneOfFields = ["trace"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Who.prototype, "_parent", {
    get: $util.oneOfGetter($oneOfFields = ["parent"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Who.prototype, "_seq", {
    get: $util.oneOfGetter($oneOfFields = ["seq"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   Who.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.tenant != null && $Object.hasOwnProperty.call(message, "tenant") && message.tenant !== "")
     writer.uint32(10).string(message.tenant);
    if (message.model != null && $Object.hasOwnProperty.call(message, "model") && message.model !== "")
     writer.uint32(18).string(message.model);
    if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
     writer.uint32(26).string(message.id);
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace"))
     writer.uint32(34).string(message.trace);
    if (message.parent != null && $Object.hasOwnProperty.call(message, "parent"))
     writer.uint32(42).string(message.parent);
    if (message.seq != null && $Object.hasOwnProperty.call(message, "seq"))
     writer.uint32(48).uint32(message.seq);
    if (message.chain != null && message.chain.length)
     for (let i = 0; i < message.chain.length; ++i)
      writer.uint32(58).string(message.chain[i]);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Who.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Who();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.tenant = value;
       else
        delete message.tenant;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.model = value;
       else
        delete message.model;
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.id = value;
       else
        delete message.id;
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       message.trace = reader.stringVerify();
       message._trace = "trace";
       continue;
      }
     case 5: {
       if (wireType !== 2)
        break;
       message.parent = reader.stringVerify();
       message._parent = "parent";
       continue;
      }
     case 6: {
       if (wireType !== 0)
        break;
       message.seq = reader.uint32();
       message._seq = "seq";
       continue;
      }
     case 7: {
       if (wireType !== 2)
        break;
       if (!(message.chain && message.chain.length))
        message.chain = [];
       message.chain.push(reader.stringVerify());
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Who;
  })();
  v1.WhoReply = (function() {
   const WhoReply = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   WhoReply.prototype.trace = "";
   WhoReply.prototype.parent = null;
   WhoReply.prototype.step = "";
   WhoReply.prototype.seq = 0;
   WhoReply.prototype.lane = 0;
   WhoReply.prototype.identity = null;
   WhoReply.prototype.isKnown = false;
   let $oneOfFields;
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(WhoReply.prototype, "_parent", {
    get: $util.oneOfGetter($oneOfFields = ["parent"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   WhoReply.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.parent != null && $Object.hasOwnProperty.call(message, "parent"))
     writer.uint32(18).string(message.parent);
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(26).string(message.step);
    if (message.seq != null && $Object.hasOwnProperty.call(message, "seq") && message.seq !== 0)
     writer.uint32(32).uint32(message.seq);
    if (message.lane != null && $Object.hasOwnProperty.call(message, "lane") && message.lane !== 0)
     writer.uint32(40).int32(message.lane);
    if (message.identity != null && $Object.hasOwnProperty.call(message, "identity"))
     $root.slackwater.v1.Identity.encode(message.identity, writer.uint32(50).fork(), _depth + 1).ldelim();
    if (message.isKnown != null && $Object.hasOwnProperty.call(message, "isKnown") && message.isKnown !== false)
     writer.uint32(56).bool(message.isKnown);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   WhoReply.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.WhoReply();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       message.parent = reader.stringVerify();
       message._parent = "parent";
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 4: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.seq = value;
       else
        delete message.seq;
       continue;
      }
     case 5: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.lane = value;
       else
        delete message.lane;
       continue;
      }
     case 6: {
       if (wireType !== 2)
        break;
       message.identity = $root.slackwater.v1.Identity.decode(reader, reader.size(), $undefined, _depth + 1, message.identity);
       continue;
      }
     case 7: {
       if (wireType !== 0)
        break;
       if (value = reader.bool())
        message.isKnown = value;
       else
        delete message.isKnown;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return WhoReply;
  })();
  v1.InboxEvent = (function() {
   const InboxEvent = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   InboxEvent.prototype.stepAccepted = null;
   InboxEvent.prototype.stepEnded = null;
   InboxEvent.prototype.stepFailed = null;
   InboxEvent.prototype.stepCancelled = null;
   InboxEvent.prototype.childStarted = null;
   InboxEvent.prototype.childEnded = null;
   InboxEvent.prototype.endAsked = null;
   let $oneOfFields;
   $Object.defineProperty(InboxEvent.prototype, "event", {
    get: $util.oneOfGetter($oneOfFields = ["stepAccepted", "stepEnded", "stepFailed", "stepCancelled", "childStarted", "childEnded", "endAsked"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   InboxEvent.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.stepAccepted != null && $Object.hasOwnProperty.call(message, "stepAccepted"))
     $root.slackwater.v1.StepAccepted.encode(message.stepAccepted, writer.uint32(10).fork(), _depth + 1).ldelim();
    if (message.stepEnded != null && $Object.hasOwnProperty.call(message, "stepEnded"))
     $root.slackwater.v1.StepEnded.encode(message.stepEnded, writer.uint32(18).fork(), _depth + 1).ldelim();
    if (message.stepFailed != null && $Object.hasOwnProperty.call(message, "stepFailed"))
     $root.slackwater.v1.StepFailed.encode(message.stepFailed, writer.uint32(26).fork(), _depth + 1).ldelim();
    if (message.stepCancelled != null && $Object.hasOwnProperty.call(message, "stepCancelled"))
     $root.slackwater.v1.StepCancelled.encode(message.stepCancelled, writer.uint32(34).fork(), _depth + 1).ldelim();
    if (message.childStarted != null && $Object.hasOwnProperty.call(message, "childStarted"))
     $root.slackwater.v1.ChildStarted.encode(message.childStarted, writer.uint32(42).fork(), _depth + 1).ldelim();
    if (message.childEnded != null && $Object.hasOwnProperty.call(message, "childEnded"))
     $root.slackwater.v1.ChildEnded.encode(message.childEnded, writer.uint32(50).fork(), _depth + 1).ldelim();
    if (message.endAsked != null && $Object.hasOwnProperty.call(message, "endAsked"))
     $root.slackwater.v1.EndAsked.encode(message.endAsked, writer.uint32(58).fork(), _depth + 1).ldelim();
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   InboxEvent.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.InboxEvent();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       message.stepAccepted = $root.slackwater.v1.StepAccepted.decode(reader, reader.size(), $undefined, _depth + 1, message.stepAccepted);
       message.event = "stepAccepted";
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       message.stepEnded = $root.slackwater.v1.StepEnded.decode(reader, reader.size(), $undefined, _depth + 1, message.stepEnded);
       message.event = "stepEnded";
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       message.stepFailed = $root.slackwater.v1.StepFailed.decode(reader, reader.size(), $undefined, _depth + 1, message.stepFailed);
       message.event = "stepFailed";
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       message.stepCancelled = $root.slackwater.v1.StepCancelled.decode(reader, reader.size(), $undefined, _depth + 1, message.stepCancelled);
       message.event = "stepCancelled";
       continue;
      }
     case 5: {
       if (wireType !== 2)
        break;
       message.childStarted = $root.slackwater.v1.ChildStarted.decode(reader, reader.size(), $undefined, _depth + 1, message.childStarted);
       message.event = "childStarted";
       continue;
      }
     case 6: {
       if (wireType !== 2)
        break;
       message.childEnded = $root.slackwater.v1.ChildEnded.decode(reader, reader.size(), $undefined, _depth + 1, message.childEnded);
       message.event = "childEnded";
       continue;
      }
     case 7: {
       if (wireType !== 2)
        break;
       message.endAsked = $root.slackwater.v1.EndAsked.decode(reader, reader.size(), $undefined, _depth + 1, message.endAsked);
       message.event = "endAsked";
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return InboxEvent;
  })();
  v1.StepAccepted = (function() {
   const StepAccepted = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   StepAccepted.prototype.trace = "";
   StepAccepted.prototype.step = "";
   StepAccepted.prototype.id = "";
   StepAccepted.prototype.tenant = "";
   StepAccepted.prototype.parent = null;
   StepAccepted.prototype.lane = 0;
   StepAccepted.prototype.seq = 0;
   StepAccepted.prototype.isSeqGiven = false;
   StepAccepted.prototype.model = "";
   StepAccepted.prototype.prompt = null;
   StepAccepted.prototype.messageChain = "";
   StepAccepted.prototype.sampling = null;
   StepAccepted.prototype["class"] = 0;
   StepAccepted.prototype.deadlineMs = 0;
   StepAccepted.prototype.identity = null;
   StepAccepted.prototype.atMs = 0;
   let $oneOfFields;
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(StepAccepted.prototype, "_parent", {
    get: $util.oneOfGetter($oneOfFields = ["parent"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   StepAccepted.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(18).string(message.step);
    if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
     writer.uint32(26).string(message.id);
    if (message.tenant != null && $Object.hasOwnProperty.call(message, "tenant") && message.tenant !== "")
     writer.uint32(34).string(message.tenant);
    if (message.parent != null && $Object.hasOwnProperty.call(message, "parent"))
     writer.uint32(42).string(message.parent);
    if (message.lane != null && $Object.hasOwnProperty.call(message, "lane") && message.lane !== 0)
     writer.uint32(48).int32(message.lane);
    if (message.seq != null && $Object.hasOwnProperty.call(message, "seq") && message.seq !== 0)
     writer.uint32(56).uint32(message.seq);
    if (message.isSeqGiven != null && $Object.hasOwnProperty.call(message, "isSeqGiven") && message.isSeqGiven !== false)
     writer.uint32(64).bool(message.isSeqGiven);
    if (message.model != null && $Object.hasOwnProperty.call(message, "model") && message.model !== "")
     writer.uint32(74).string(message.model);
    if (message.prompt != null && $Object.hasOwnProperty.call(message, "prompt"))
     $root.slackwater.v1.PromptRef.encode(message.prompt, writer.uint32(82).fork(), _depth + 1).ldelim();
    if (message.messageChain != null && $Object.hasOwnProperty.call(message, "messageChain") && message.messageChain !== "")
     writer.uint32(90).string(message.messageChain);
    if (message.sampling != null && $Object.hasOwnProperty.call(message, "sampling"))
     $root.slackwater.v1.Sampling.encode(message.sampling, writer.uint32(98).fork(), _depth + 1).ldelim();
    if (message["class"] != null && $Object.hasOwnProperty.call(message, "class") && message["class"] !== 0)
     writer.uint32(104).int32(message["class"]);
    if (message.deadlineMs != null && $Object.hasOwnProperty.call(message, "deadlineMs") && !$Object.is(message.deadlineMs, 0))
     writer.uint32(113).double(message.deadlineMs);
    if (message.identity != null && $Object.hasOwnProperty.call(message, "identity"))
     $root.slackwater.v1.Identity.encode(message.identity, writer.uint32(122).fork(), _depth + 1).ldelim();
    if (message.atMs != null && $Object.hasOwnProperty.call(message, "atMs") && !$Object.is(message.atMs, 0))
     writer.uint32(129).double(message.atMs);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   StepAccepted.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.StepAccepted();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.id = value;
       else
        delete message.id;
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.tenant = value;
       else
        delete message.tenant;
       continue;
      }
     case 5: {
       if (wireType !== 2)
        break;
       message.parent = reader.stringVerify();
       message._parent = "parent";
       continue;
      }
     case 6: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.lane = value;
       else
        delete message.lane;
       continue;
      }
     case 7: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.seq = value;
       else
        delete message.seq;
       continue;
      }
     case 8: {
       if (wireType !== 0)
        break;
       if (value = reader.bool())
        message.isSeqGiven = value;
       else
        delete message.isSeqGiven;
       continue;
      }
     case 9: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.model = value;
       else
        delete message.model;
       continue;
      }
     case 10: {
       if (wireType !== 2)
        break;
       message.prompt = $root.slackwater.v1.PromptRef.decode(reader, reader.size(), $undefined, _depth + 1, message.prompt);
       continue;
      }
     case 11: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.messageChain = value;
       else
        delete message.messageChain;
       continue;
      }
     case 12: {
       if (wireType !== 2)
        break;
       message.sampling = $root.slackwater.v1.Sampling.decode(reader, reader.size(), $undefined, _depth + 1, message.sampling);
       continue;
      }
     case 13: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message["class"] = value;
       else
        delete message["class"];
       continue;
      }
     case 14: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.deadlineMs = value;
       else
        delete message.deadlineMs;
       continue;
      }
     case 15: {
       if (wireType !== 2)
        break;
       message.identity = $root.slackwater.v1.Identity.decode(reader, reader.size(), $undefined, _depth + 1, message.identity);
       continue;
      }
     case 16: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.atMs = value;
       else
        delete message.atMs;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return StepAccepted;
  })();
  v1.StepEnded = (function() {
   const StepEnded = function (properties) {
    this.tokens = [];
    this.logprobs = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   StepEnded.prototype.trace = "";
   StepEnded.prototype.step = "";
   StepEnded.prototype.attempt = 0;
   StepEnded.prototype.worker = "";
   StepEnded.prototype.tokens = $util.emptyArray;
   StepEnded.prototype.finish = 0;
   StepEnded.prototype.usage = null;
   StepEnded.prototype.timing = null;
   StepEnded.prototype.acceleratorMs = 0;
   StepEnded.prototype.logprobs = $util.emptyArray;
   StepEnded.prototype.chain = $util.newBuffer([]);
   StepEnded.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(18).string(message.step);
    if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt") && message.attempt !== 0)
     writer.uint32(24).uint32(message.attempt);
    if (message.worker != null && $Object.hasOwnProperty.call(message, "worker") && message.worker !== "")
     writer.uint32(34).string(message.worker);
    if (message.tokens != null && message.tokens.length)
     writer.uint32(42).uint32s(message.tokens);
    if (message.finish != null && $Object.hasOwnProperty.call(message, "finish") && message.finish !== 0)
     writer.uint32(48).int32(message.finish);
    if (message.usage != null && $Object.hasOwnProperty.call(message, "usage"))
     $root.slackwater.v1.Usage.encode(message.usage, writer.uint32(58).fork(), _depth + 1).ldelim();
    if (message.timing != null && $Object.hasOwnProperty.call(message, "timing"))
     $root.slackwater.v1.Timing.encode(message.timing, writer.uint32(66).fork(), _depth + 1).ldelim();
    if (message.acceleratorMs != null && $Object.hasOwnProperty.call(message, "acceleratorMs") && !$Object.is(message.acceleratorMs, 0))
     writer.uint32(73).double(message.acceleratorMs);
    if (message.logprobs != null && message.logprobs.length)
     for (let i = 0; i < message.logprobs.length; ++i)
      $root.slackwater.v1.TokenLogprob.encode(message.logprobs[i], writer.uint32(82).fork(), _depth + 1).ldelim();
    if (message.chain != null && $Object.hasOwnProperty.call(message, "chain") && message.chain.length)
     writer.uint32(90).bytes(message.chain);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   StepEnded.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.StepEnded();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.attempt = value;
       else
        delete message.attempt;
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.worker = value;
       else
        delete message.worker;
       continue;
      }
     case 5: {
       if (wireType === 2) {
        if (!(message.tokens && message.tokens.length))
         message.tokens = [];
        reader.uint32s(message.tokens);
        continue;
       }
       if (wireType !== 0)
        break;
       if (!(message.tokens && message.tokens.length))
        message.tokens = [];
       message.tokens.push(reader.uint32());
       continue;
      }
     case 6: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.finish = value;
       else
        delete message.finish;
       continue;
      }
     case 7: {
       if (wireType !== 2)
        break;
       message.usage = $root.slackwater.v1.Usage.decode(reader, reader.size(), $undefined, _depth + 1, message.usage);
       continue;
      }
     case 8: {
       if (wireType !== 2)
        break;
       message.timing = $root.slackwater.v1.Timing.decode(reader, reader.size(), $undefined, _depth + 1, message.timing);
       continue;
      }
     case 9: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.acceleratorMs = value;
       else
        delete message.acceleratorMs;
       continue;
      }
     case 10: {
       if (wireType !== 2)
        break;
       if (!(message.logprobs && message.logprobs.length))
        message.logprobs = [];
       message.logprobs.push($root.slackwater.v1.TokenLogprob.decode(reader, reader.size(), $undefined, _depth + 1));
       continue;
      }
     case 11: {
       if (wireType !== 2)
        break;
       if ((value = reader.bytes()).length)
        message.chain = value;
       else
        delete message.chain;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return StepEnded;
  })();
  v1.StepFailed = (function() {
   const StepFailed = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   StepFailed.prototype.trace = "";
   StepFailed.prototype.step = "";
   StepFailed.prototype.attempt = 0;
   StepFailed.prototype.worker = "";
   StepFailed.prototype.code = "";
   StepFailed.prototype.message = "";
   StepFailed.prototype.retry = 0;
   StepFailed.prototype.acceleratorMs = 0;
   StepFailed.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(18).string(message.step);
    if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt") && message.attempt !== 0)
     writer.uint32(24).uint32(message.attempt);
    if (message.worker != null && $Object.hasOwnProperty.call(message, "worker") && message.worker !== "")
     writer.uint32(34).string(message.worker);
    if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== "")
     writer.uint32(42).string(message.code);
    if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
     writer.uint32(50).string(message.message);
    if (message.retry != null && $Object.hasOwnProperty.call(message, "retry") && message.retry !== 0)
     writer.uint32(56).int32(message.retry);
    if (message.acceleratorMs != null && $Object.hasOwnProperty.call(message, "acceleratorMs") && !$Object.is(message.acceleratorMs, 0))
     writer.uint32(65).double(message.acceleratorMs);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   StepFailed.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.StepFailed();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.attempt = value;
       else
        delete message.attempt;
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.worker = value;
       else
        delete message.worker;
       continue;
      }
     case 5: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.code = value;
       else
        delete message.code;
       continue;
      }
     case 6: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.message = value;
       else
        delete message.message;
       continue;
      }
     case 7: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.retry = value;
       else
        delete message.retry;
       continue;
      }
     case 8: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.acceleratorMs = value;
       else
        delete message.acceleratorMs;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return StepFailed;
  })();
  v1.StepCancelled = (function() {
   const StepCancelled = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   StepCancelled.prototype.trace = "";
   StepCancelled.prototype.step = "";
   StepCancelled.prototype.reason = "";
   StepCancelled.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(18).string(message.step);
    if (message.reason != null && $Object.hasOwnProperty.call(message, "reason") && message.reason !== "")
     writer.uint32(26).string(message.reason);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   StepCancelled.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.StepCancelled();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.reason = value;
       else
        delete message.reason;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return StepCancelled;
  })();
  v1.ChildStarted = (function() {
   const ChildStarted = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   ChildStarted.prototype.trace = "";
   ChildStarted.prototype.child = "";
   ChildStarted.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.child != null && $Object.hasOwnProperty.call(message, "child") && message.child !== "")
     writer.uint32(18).string(message.child);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   ChildStarted.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.ChildStarted();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.child = value;
       else
        delete message.child;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return ChildStarted;
  })();
  v1.ChildEnded = (function() {
   const ChildEnded = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   ChildEnded.prototype.trace = "";
   ChildEnded.prototype.child = "";
   ChildEnded.prototype.outcome = 0;
   ChildEnded.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.child != null && $Object.hasOwnProperty.call(message, "child") && message.child !== "")
     writer.uint32(18).string(message.child);
    if (message.outcome != null && $Object.hasOwnProperty.call(message, "outcome") && message.outcome !== 0)
     writer.uint32(24).int32(message.outcome);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   ChildEnded.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.ChildEnded();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.child = value;
       else
        delete message.child;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.outcome = value;
       else
        delete message.outcome;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return ChildEnded;
  })();
  v1.EndAsked = (function() {
   const EndAsked = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   EndAsked.prototype.trace = "";
   EndAsked.prototype.outcome = 0;
   EndAsked.prototype.reason = "";
   EndAsked.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.outcome != null && $Object.hasOwnProperty.call(message, "outcome") && message.outcome !== 0)
     writer.uint32(16).int32(message.outcome);
    if (message.reason != null && $Object.hasOwnProperty.call(message, "reason") && message.reason !== "")
     writer.uint32(26).string(message.reason);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   EndAsked.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.EndAsked();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.outcome = value;
       else
        delete message.outcome;
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.reason = value;
       else
        delete message.reason;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return EndAsked;
  })();
  v1.FirstToken = (function() {
   const FirstToken = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   FirstToken.prototype.trace = "";
   FirstToken.prototype.step = "";
   FirstToken.prototype.attempt = 0;
   FirstToken.prototype.hit = 0;
   FirstToken.prototype.recalled = 0;
   FirstToken.prototype.computed = 0;
   FirstToken.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(18).string(message.step);
    if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt") && message.attempt !== 0)
     writer.uint32(24).uint32(message.attempt);
    if (message.hit != null && $Object.hasOwnProperty.call(message, "hit") && message.hit !== 0)
     writer.uint32(32).uint32(message.hit);
    if (message.recalled != null && $Object.hasOwnProperty.call(message, "recalled") && message.recalled !== 0)
     writer.uint32(40).uint32(message.recalled);
    if (message.computed != null && $Object.hasOwnProperty.call(message, "computed") && message.computed !== 0)
     writer.uint32(48).uint32(message.computed);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   FirstToken.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.FirstToken();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.attempt = value;
       else
        delete message.attempt;
       continue;
      }
     case 4: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.hit = value;
       else
        delete message.hit;
       continue;
      }
     case 5: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.recalled = value;
       else
        delete message.recalled;
       continue;
      }
     case 6: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.computed = value;
       else
        delete message.computed;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return FirstToken;
  })();
  v1.Role = (function() {
   const valuesById = $Object.create(null), values = $Object.create(valuesById);
   values[valuesById[0] = "ROLE_UNSPECIFIED"] = 0;
   values[valuesById[1] = "ROLE_WORKER"] = 1;
   values[valuesById[2] = "ROLE_CONDUCTOR"] = 2;
   values[valuesById[3] = "ROLE_GATEWAY"] = 3;
   return values;
  })();
  v1.Beat = (function() {
   const Beat = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Beat.prototype.node = "";
   Beat.prototype.role = 0;
   Beat.prototype.epoch = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   Beat.prototype.seq = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   Beat.prototype.atMs = 0;
   Beat.prototype.worker = null;
   Beat.prototype.claim = null;
   Beat.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.node != null && $Object.hasOwnProperty.call(message, "node") && message.node !== "")
     writer.uint32(10).string(message.node);
    if (message.role != null && $Object.hasOwnProperty.call(message, "role") && message.role !== 0)
     writer.uint32(16).int32(message.role);
    if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && (typeof message.epoch === "object" ? message.epoch.low || message.epoch.high : message.epoch !== 0))
     writer.uint32(24).uint64(message.epoch);
    if (message.seq != null && $Object.hasOwnProperty.call(message, "seq") && (typeof message.seq === "object" ? message.seq.low || message.seq.high : message.seq !== 0))
     writer.uint32(32).uint64(message.seq);
    if (message.atMs != null && $Object.hasOwnProperty.call(message, "atMs") && !$Object.is(message.atMs, 0))
     writer.uint32(41).double(message.atMs);
    if (message.worker != null && $Object.hasOwnProperty.call(message, "worker"))
     $root.slackwater.v1.WorkerLoad.encode(message.worker, writer.uint32(50).fork(), _depth + 1).ldelim();
    if (message.claim != null && $Object.hasOwnProperty.call(message, "claim"))
     $root.slackwater.v1.Claim.encode(message.claim, writer.uint32(58).fork(), _depth + 1).ldelim();
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Beat.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Beat();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.node = value;
       else
        delete message.node;
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.role = value;
       else
        delete message.role;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.epoch = value;
       else
        delete message.epoch;
       continue;
      }
     case 4: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.seq = value;
       else
        delete message.seq;
       continue;
      }
     case 5: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.atMs = value;
       else
        delete message.atMs;
       continue;
      }
     case 6: {
       if (wireType !== 2)
        break;
       message.worker = $root.slackwater.v1.WorkerLoad.decode(reader, reader.size(), $undefined, _depth + 1, message.worker);
       continue;
      }
     case 7: {
       if (wireType !== 2)
        break;
       message.claim = $root.slackwater.v1.Claim.decode(reader, reader.size(), $undefined, _depth + 1, message.claim);
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Beat;
  })();
  v1.Claim = (function() {
   const Claim = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Claim.prototype.worker = "";
   Claim.prototype.step = "";
   Claim.prototype.blocks = 0;
   Claim.prototype.sinceMs = 0;
   Claim.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.worker != null && $Object.hasOwnProperty.call(message, "worker") && message.worker !== "")
     writer.uint32(10).string(message.worker);
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(18).string(message.step);
    if (message.blocks != null && $Object.hasOwnProperty.call(message, "blocks") && message.blocks !== 0)
     writer.uint32(24).uint32(message.blocks);
    if (message.sinceMs != null && $Object.hasOwnProperty.call(message, "sinceMs") && !$Object.is(message.sinceMs, 0))
     writer.uint32(33).double(message.sinceMs);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Claim.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Claim();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.worker = value;
       else
        delete message.worker;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.blocks = value;
       else
        delete message.blocks;
       continue;
      }
     case 4: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.sinceMs = value;
       else
        delete message.sinceMs;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Claim;
  })();
  v1.WorkerLoad = (function() {
   const WorkerLoad = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   WorkerLoad.prototype.model = "";
   WorkerLoad.prototype.weights = "";
   WorkerLoad.prototype.numerics = "";
   WorkerLoad.prototype.contextLength = 0;
   WorkerLoad.prototype.blockBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   WorkerLoad.prototype.device = "";
   WorkerLoad.prototype.runsMax = 0;
   WorkerLoad.prototype.running = 0;
   WorkerLoad.prototype.waiting = 0;
   WorkerLoad.prototype.hbmBlocks = 0;
   WorkerLoad.prototype.hbmGrantable = 0;
   WorkerLoad.prototype.hbmUsed = 0;
   WorkerLoad.prototype.dramBlocks = 0;
   WorkerLoad.prototype.dramUsed = 0;
   WorkerLoad.prototype.prefillTokensPerS = 0;
   WorkerLoad.prototype.decodeTokensPerS = 0;
   WorkerLoad.prototype.recallBytesPerS = 0;
   WorkerLoad.prototype.backlogTokens = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   WorkerLoad.prototype.counters = null;
   WorkerLoad.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.model != null && $Object.hasOwnProperty.call(message, "model") && message.model !== "")
     writer.uint32(10).string(message.model);
    if (message.weights != null && $Object.hasOwnProperty.call(message, "weights") && message.weights !== "")
     writer.uint32(18).string(message.weights);
    if (message.numerics != null && $Object.hasOwnProperty.call(message, "numerics") && message.numerics !== "")
     writer.uint32(26).string(message.numerics);
    if (message.contextLength != null && $Object.hasOwnProperty.call(message, "contextLength") && message.contextLength !== 0)
     writer.uint32(32).uint32(message.contextLength);
    if (message.blockBytes != null && $Object.hasOwnProperty.call(message, "blockBytes") && (typeof message.blockBytes === "object" ? message.blockBytes.low || message.blockBytes.high : message.blockBytes !== 0))
     writer.uint32(40).uint64(message.blockBytes);
    if (message.device != null && $Object.hasOwnProperty.call(message, "device") && message.device !== "")
     writer.uint32(50).string(message.device);
    if (message.runsMax != null && $Object.hasOwnProperty.call(message, "runsMax") && message.runsMax !== 0)
     writer.uint32(56).uint32(message.runsMax);
    if (message.running != null && $Object.hasOwnProperty.call(message, "running") && message.running !== 0)
     writer.uint32(64).uint32(message.running);
    if (message.waiting != null && $Object.hasOwnProperty.call(message, "waiting") && message.waiting !== 0)
     writer.uint32(72).uint32(message.waiting);
    if (message.hbmBlocks != null && $Object.hasOwnProperty.call(message, "hbmBlocks") && message.hbmBlocks !== 0)
     writer.uint32(80).uint32(message.hbmBlocks);
    if (message.hbmGrantable != null && $Object.hasOwnProperty.call(message, "hbmGrantable") && message.hbmGrantable !== 0)
     writer.uint32(88).uint32(message.hbmGrantable);
    if (message.hbmUsed != null && $Object.hasOwnProperty.call(message, "hbmUsed") && message.hbmUsed !== 0)
     writer.uint32(96).uint32(message.hbmUsed);
    if (message.dramBlocks != null && $Object.hasOwnProperty.call(message, "dramBlocks") && message.dramBlocks !== 0)
     writer.uint32(104).uint32(message.dramBlocks);
    if (message.dramUsed != null && $Object.hasOwnProperty.call(message, "dramUsed") && message.dramUsed !== 0)
     writer.uint32(112).uint32(message.dramUsed);
    if (message.prefillTokensPerS != null && $Object.hasOwnProperty.call(message, "prefillTokensPerS") && !$Object.is(message.prefillTokensPerS, 0))
     writer.uint32(121).double(message.prefillTokensPerS);
    if (message.decodeTokensPerS != null && $Object.hasOwnProperty.call(message, "decodeTokensPerS") && !$Object.is(message.decodeTokensPerS, 0))
     writer.uint32(129).double(message.decodeTokensPerS);
    if (message.recallBytesPerS != null && $Object.hasOwnProperty.call(message, "recallBytesPerS") && !$Object.is(message.recallBytesPerS, 0))
     writer.uint32(137).double(message.recallBytesPerS);
    if (message.backlogTokens != null && $Object.hasOwnProperty.call(message, "backlogTokens") && (typeof message.backlogTokens === "object" ? message.backlogTokens.low || message.backlogTokens.high : message.backlogTokens !== 0))
     writer.uint32(144).uint64(message.backlogTokens);
    if (message.counters != null && $Object.hasOwnProperty.call(message, "counters"))
     $root.slackwater.v1.WorkerCounters.encode(message.counters, writer.uint32(154).fork(), _depth + 1).ldelim();
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   WorkerLoad.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.WorkerLoad();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.model = value;
       else
        delete message.model;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.weights = value;
       else
        delete message.weights;
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.numerics = value;
       else
        delete message.numerics;
       continue;
      }
     case 4: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.contextLength = value;
       else
        delete message.contextLength;
       continue;
      }
     case 5: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.blockBytes = value;
       else
        delete message.blockBytes;
       continue;
      }
     case 6: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.device = value;
       else
        delete message.device;
       continue;
      }
     case 7: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.runsMax = value;
       else
        delete message.runsMax;
       continue;
      }
     case 8: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.running = value;
       else
        delete message.running;
       continue;
      }
     case 9: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.waiting = value;
       else
        delete message.waiting;
       continue;
      }
     case 10: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.hbmBlocks = value;
       else
        delete message.hbmBlocks;
       continue;
      }
     case 11: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.hbmGrantable = value;
       else
        delete message.hbmGrantable;
       continue;
      }
     case 12: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.hbmUsed = value;
       else
        delete message.hbmUsed;
       continue;
      }
     case 13: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.dramBlocks = value;
       else
        delete message.dramBlocks;
       continue;
      }
     case 14: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.dramUsed = value;
       else
        delete message.dramUsed;
       continue;
      }
     case 15: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.prefillTokensPerS = value;
       else
        delete message.prefillTokensPerS;
       continue;
      }
     case 16: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.decodeTokensPerS = value;
       else
        delete message.decodeTokensPerS;
       continue;
      }
     case 17: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.recallBytesPerS = value;
       else
        delete message.recallBytesPerS;
       continue;
      }
     case 18: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.backlogTokens = value;
       else
        delete message.backlogTokens;
       continue;
      }
     case 19: {
       if (wireType !== 2)
        break;
       message.counters = $root.slackwater.v1.WorkerCounters.decode(reader, reader.size(), $undefined, _depth + 1, message.counters);
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return WorkerLoad;
  })();
  v1.WorkerCounters = (function() {
   const WorkerCounters = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   WorkerCounters.prototype.demotedBlocks = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   WorkerCounters.prototype.recalledBlocks = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   WorkerCounters.prototype.evictedBlocks = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   WorkerCounters.prototype.migratedBlocks = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   WorkerCounters.prototype.promptTokens = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   WorkerCounters.prototype.generatedTokens = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   WorkerCounters.prototype.iterations = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   WorkerCounters.prototype.busyMs = 0;
   WorkerCounters.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.demotedBlocks != null && $Object.hasOwnProperty.call(message, "demotedBlocks") && (typeof message.demotedBlocks === "object" ? message.demotedBlocks.low || message.demotedBlocks.high : message.demotedBlocks !== 0))
     writer.uint32(8).uint64(message.demotedBlocks);
    if (message.recalledBlocks != null && $Object.hasOwnProperty.call(message, "recalledBlocks") && (typeof message.recalledBlocks === "object" ? message.recalledBlocks.low || message.recalledBlocks.high : message.recalledBlocks !== 0))
     writer.uint32(16).uint64(message.recalledBlocks);
    if (message.evictedBlocks != null && $Object.hasOwnProperty.call(message, "evictedBlocks") && (typeof message.evictedBlocks === "object" ? message.evictedBlocks.low || message.evictedBlocks.high : message.evictedBlocks !== 0))
     writer.uint32(24).uint64(message.evictedBlocks);
    if (message.migratedBlocks != null && $Object.hasOwnProperty.call(message, "migratedBlocks") && (typeof message.migratedBlocks === "object" ? message.migratedBlocks.low || message.migratedBlocks.high : message.migratedBlocks !== 0))
     writer.uint32(32).uint64(message.migratedBlocks);
    if (message.promptTokens != null && $Object.hasOwnProperty.call(message, "promptTokens") && (typeof message.promptTokens === "object" ? message.promptTokens.low || message.promptTokens.high : message.promptTokens !== 0))
     writer.uint32(40).uint64(message.promptTokens);
    if (message.generatedTokens != null && $Object.hasOwnProperty.call(message, "generatedTokens") && (typeof message.generatedTokens === "object" ? message.generatedTokens.low || message.generatedTokens.high : message.generatedTokens !== 0))
     writer.uint32(48).uint64(message.generatedTokens);
    if (message.iterations != null && $Object.hasOwnProperty.call(message, "iterations") && (typeof message.iterations === "object" ? message.iterations.low || message.iterations.high : message.iterations !== 0))
     writer.uint32(56).uint64(message.iterations);
    if (message.busyMs != null && $Object.hasOwnProperty.call(message, "busyMs") && !$Object.is(message.busyMs, 0))
     writer.uint32(65).double(message.busyMs);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   WorkerCounters.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.WorkerCounters();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.demotedBlocks = value;
       else
        delete message.demotedBlocks;
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.recalledBlocks = value;
       else
        delete message.recalledBlocks;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.evictedBlocks = value;
       else
        delete message.evictedBlocks;
       continue;
      }
     case 4: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.migratedBlocks = value;
       else
        delete message.migratedBlocks;
       continue;
      }
     case 5: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.promptTokens = value;
       else
        delete message.promptTokens;
       continue;
      }
     case 6: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.generatedTokens = value;
       else
        delete message.generatedTokens;
       continue;
      }
     case 7: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.iterations = value;
       else
        delete message.iterations;
       continue;
      }
     case 8: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.busyMs = value;
       else
        delete message.busyMs;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return WorkerCounters;
  })();
  v1.SnapshotAsked = (function() {
   const SnapshotAsked = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   SnapshotAsked.prototype.from = null;
   let $oneOfFields;
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(SnapshotAsked.prototype, "_from", {
    get: $util.oneOfGetter($oneOfFields = ["from"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   SnapshotAsked.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.from != null && $Object.hasOwnProperty.call(message, "from"))
     writer.uint32(8).uint32(message.from);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   SnapshotAsked.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.SnapshotAsked();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       message.from = reader.uint32();
       message._from = "from";
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return SnapshotAsked;
  })();
  v1.BlockEvents = (function() {
   const BlockEvents = function (properties) {
    this.events = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   BlockEvents.prototype.node = "";
   BlockEvents.prototype.epoch = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   BlockEvents.prototype.seq = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   BlockEvents.prototype.isSnapshot = false;
   BlockEvents.prototype.events = $util.emptyArray;
   BlockEvents.prototype.from = 0;
   BlockEvents.prototype.next = 0;
   BlockEvents.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.node != null && $Object.hasOwnProperty.call(message, "node") && message.node !== "")
     writer.uint32(10).string(message.node);
    if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && (typeof message.epoch === "object" ? message.epoch.low || message.epoch.high : message.epoch !== 0))
     writer.uint32(16).uint64(message.epoch);
    if (message.seq != null && $Object.hasOwnProperty.call(message, "seq") && (typeof message.seq === "object" ? message.seq.low || message.seq.high : message.seq !== 0))
     writer.uint32(24).uint64(message.seq);
    if (message.isSnapshot != null && $Object.hasOwnProperty.call(message, "isSnapshot") && message.isSnapshot !== false)
     writer.uint32(32).bool(message.isSnapshot);
    if (message.events != null && message.events.length)
     for (let i = 0; i < message.events.length; ++i)
      $root.slackwater.v1.BlockEvent.encode(message.events[i], writer.uint32(42).fork(), _depth + 1).ldelim();
    if (message.from != null && $Object.hasOwnProperty.call(message, "from") && message.from !== 0)
     writer.uint32(48).uint32(message.from);
    if (message.next != null && $Object.hasOwnProperty.call(message, "next") && message.next !== 0)
     writer.uint32(56).uint32(message.next);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   BlockEvents.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.BlockEvents();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.node = value;
       else
        delete message.node;
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.epoch = value;
       else
        delete message.epoch;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.seq = value;
       else
        delete message.seq;
       continue;
      }
     case 4: {
       if (wireType !== 0)
        break;
       if (value = reader.bool())
        message.isSnapshot = value;
       else
        delete message.isSnapshot;
       continue;
      }
     case 5: {
       if (wireType !== 2)
        break;
       if (!(message.events && message.events.length))
        message.events = [];
       message.events.push($root.slackwater.v1.BlockEvent.decode(reader, reader.size(), $undefined, _depth + 1));
       continue;
      }
     case 6: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.from = value;
       else
        delete message.from;
       continue;
      }
     case 7: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.next = value;
       else
        delete message.next;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return BlockEvents;
  })();
  v1.BlockOp = (function() {
   const valuesById = $Object.create(null), values = $Object.create(valuesById);
   values[valuesById[0] = "BLOCK_OP_UNSPECIFIED"] = 0;
   values[valuesById[1] = "BLOCK_OP_STORED"] = 1;
   values[valuesById[2] = "BLOCK_OP_REMOVED"] = 2;
   return values;
  })();
  v1.BlockEvent = (function() {
   const BlockEvent = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   BlockEvent.prototype.op = 0;
   BlockEvent.prototype.tier = 0;
   BlockEvent.prototype.chain = $util.newBuffer([]);
   BlockEvent.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.op != null && $Object.hasOwnProperty.call(message, "op") && message.op !== 0)
     writer.uint32(8).int32(message.op);
    if (message.tier != null && $Object.hasOwnProperty.call(message, "tier") && message.tier !== 0)
     writer.uint32(16).int32(message.tier);
    if (message.chain != null && $Object.hasOwnProperty.call(message, "chain") && message.chain.length)
     writer.uint32(26).bytes(message.chain);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   BlockEvent.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.BlockEvent();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.op = value;
       else
        delete message.op;
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.tier = value;
       else
        delete message.tier;
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.bytes()).length)
        message.chain = value;
       else
        delete message.chain;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return BlockEvent;
  })();
  v1.Order = (function() {
   const Order = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Order.prototype.fence = null;
   Order.prototype.run = null;
   Order.prototype.cancel = null;
   Order.prototype.gap = null;
   Order.prototype.pin = null;
   Order.prototype.unpin = null;
   Order.prototype.drop = null;
   let $oneOfFields;
   $Object.defineProperty(Order.prototype, "order", {
    get: $util.oneOfGetter($oneOfFields = ["run", "cancel", "gap", "pin", "unpin", "drop"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   Order.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.fence != null && $Object.hasOwnProperty.call(message, "fence"))
     $root.slackwater.v1.Fence.encode(message.fence, writer.uint32(10).fork(), _depth + 1).ldelim();
    if (message.run != null && $Object.hasOwnProperty.call(message, "run"))
     $root.slackwater.v1.RunOrder.encode(message.run, writer.uint32(18).fork(), _depth + 1).ldelim();
    if (message.cancel != null && $Object.hasOwnProperty.call(message, "cancel"))
     $root.slackwater.v1.CancelOrder.encode(message.cancel, writer.uint32(26).fork(), _depth + 1).ldelim();
    if (message.gap != null && $Object.hasOwnProperty.call(message, "gap"))
     $root.slackwater.v1.GapOrder.encode(message.gap, writer.uint32(34).fork(), _depth + 1).ldelim();
    if (message.pin != null && $Object.hasOwnProperty.call(message, "pin"))
     $root.slackwater.v1.PinOrder.encode(message.pin, writer.uint32(42).fork(), _depth + 1).ldelim();
    if (message.unpin != null && $Object.hasOwnProperty.call(message, "unpin"))
     $root.slackwater.v1.UnpinOrder.encode(message.unpin, writer.uint32(50).fork(), _depth + 1).ldelim();
    if (message.drop != null && $Object.hasOwnProperty.call(message, "drop"))
     $root.slackwater.v1.DropOrder.encode(message.drop, writer.uint32(58).fork(), _depth + 1).ldelim();
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Order.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Order();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       message.fence = $root.slackwater.v1.Fence.decode(reader, reader.size(), $undefined, _depth + 1, message.fence);
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       message.run = $root.slackwater.v1.RunOrder.decode(reader, reader.size(), $undefined, _depth + 1, message.run);
       message.order = "run";
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       message.cancel = $root.slackwater.v1.CancelOrder.decode(reader, reader.size(), $undefined, _depth + 1, message.cancel);
       message.order = "cancel";
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       message.gap = $root.slackwater.v1.GapOrder.decode(reader, reader.size(), $undefined, _depth + 1, message.gap);
       message.order = "gap";
       continue;
      }
     case 5: {
       if (wireType !== 2)
        break;
       message.pin = $root.slackwater.v1.PinOrder.decode(reader, reader.size(), $undefined, _depth + 1, message.pin);
       message.order = "pin";
       continue;
      }
     case 6: {
       if (wireType !== 2)
        break;
       message.unpin = $root.slackwater.v1.UnpinOrder.decode(reader, reader.size(), $undefined, _depth + 1, message.unpin);
       message.order = "unpin";
       continue;
      }
     case 7: {
       if (wireType !== 2)
        break;
       message.drop = $root.slackwater.v1.DropOrder.decode(reader, reader.size(), $undefined, _depth + 1, message.drop);
       message.order = "drop";
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Order;
  })();
  v1.Fence = (function() {
   const Fence = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Fence.prototype.partition = 0;
   Fence.prototype.epoch = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   Fence.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.partition != null && $Object.hasOwnProperty.call(message, "partition") && message.partition !== 0)
     writer.uint32(8).uint32(message.partition);
    if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && (typeof message.epoch === "object" ? message.epoch.low || message.epoch.high : message.epoch !== 0))
     writer.uint32(16).uint64(message.epoch);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Fence.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Fence();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.partition = value;
       else
        delete message.partition;
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.epoch = value;
       else
        delete message.epoch;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Fence;
  })();
  v1.RunOrder = (function() {
   const RunOrder = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   RunOrder.prototype.trace = "";
   RunOrder.prototype.step = "";
   RunOrder.prototype.attempt = 0;
   RunOrder.prototype.lane = "";
   RunOrder.prototype.tenant = "";
   RunOrder.prototype.model = "";
   RunOrder.prototype.prompt = null;
   RunOrder.prototype.sampling = null;
   RunOrder.prototype.priority = 0;
   RunOrder.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(18).string(message.step);
    if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt") && message.attempt !== 0)
     writer.uint32(24).uint32(message.attempt);
    if (message.lane != null && $Object.hasOwnProperty.call(message, "lane") && message.lane !== "")
     writer.uint32(34).string(message.lane);
    if (message.tenant != null && $Object.hasOwnProperty.call(message, "tenant") && message.tenant !== "")
     writer.uint32(42).string(message.tenant);
    if (message.model != null && $Object.hasOwnProperty.call(message, "model") && message.model !== "")
     writer.uint32(50).string(message.model);
    if (message.prompt != null && $Object.hasOwnProperty.call(message, "prompt"))
     $root.slackwater.v1.PromptRef.encode(message.prompt, writer.uint32(58).fork(), _depth + 1).ldelim();
    if (message.sampling != null && $Object.hasOwnProperty.call(message, "sampling"))
     $root.slackwater.v1.Sampling.encode(message.sampling, writer.uint32(66).fork(), _depth + 1).ldelim();
    if (message.priority != null && $Object.hasOwnProperty.call(message, "priority") && !$Object.is(message.priority, 0))
     writer.uint32(73).double(message.priority);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   RunOrder.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.RunOrder();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.attempt = value;
       else
        delete message.attempt;
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.lane = value;
       else
        delete message.lane;
       continue;
      }
     case 5: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.tenant = value;
       else
        delete message.tenant;
       continue;
      }
     case 6: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.model = value;
       else
        delete message.model;
       continue;
      }
     case 7: {
       if (wireType !== 2)
        break;
       message.prompt = $root.slackwater.v1.PromptRef.decode(reader, reader.size(), $undefined, _depth + 1, message.prompt);
       continue;
      }
     case 8: {
       if (wireType !== 2)
        break;
       message.sampling = $root.slackwater.v1.Sampling.decode(reader, reader.size(), $undefined, _depth + 1, message.sampling);
       continue;
      }
     case 9: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.priority = value;
       else
        delete message.priority;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return RunOrder;
  })();
  v1.CancelOrder = (function() {
   const CancelOrder = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   CancelOrder.prototype.trace = "";
   CancelOrder.prototype.step = "";
   CancelOrder.prototype.attempt = 0;
   CancelOrder.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(18).string(message.step);
    if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt") && message.attempt !== 0)
     writer.uint32(24).uint32(message.attempt);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   CancelOrder.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.CancelOrder();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.attempt = value;
       else
        delete message.attempt;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return CancelOrder;
  })();
  v1.GapOrder = (function() {
   const GapOrder = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   GapOrder.prototype.trace = "";
   GapOrder.prototype.lane = "";
   GapOrder.prototype.keepValue = 0;
   GapOrder.prototype.demoteAfterMs = null;
   GapOrder.prototype.recallAfterMs = null;
   let $oneOfFields;
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(GapOrder.prototype, "_demoteAfterMs", {
    get: $util.oneOfGetter($oneOfFields = ["demoteAfterMs"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(GapOrder.prototype, "_recallAfterMs", {
    get: $util.oneOfGetter($oneOfFields = ["recallAfterMs"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   GapOrder.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.lane != null && $Object.hasOwnProperty.call(message, "lane") && message.lane !== "")
     writer.uint32(18).string(message.lane);
    if (message.keepValue != null && $Object.hasOwnProperty.call(message, "keepValue") && !$Object.is(message.keepValue, 0))
     writer.uint32(25).double(message.keepValue);
    if (message.demoteAfterMs != null && $Object.hasOwnProperty.call(message, "demoteAfterMs"))
     writer.uint32(33).double(message.demoteAfterMs);
    if (message.recallAfterMs != null && $Object.hasOwnProperty.call(message, "recallAfterMs"))
     writer.uint32(41).double(message.recallAfterMs);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   GapOrder.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.GapOrder();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.lane = value;
       else
        delete message.lane;
       continue;
      }
     case 3: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.keepValue = value;
       else
        delete message.keepValue;
       continue;
      }
     case 4: {
       if (wireType !== 1)
        break;
       message.demoteAfterMs = reader.double();
       message._demoteAfterMs = "demoteAfterMs";
       continue;
      }
     case 5: {
       if (wireType !== 1)
        break;
       message.recallAfterMs = reader.double();
       message._recallAfterMs = "recallAfterMs";
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return GapOrder;
  })();
  v1.PinOrder = (function() {
   const PinOrder = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   PinOrder.prototype.trace = "";
   PinOrder.prototype.lane = "";
   PinOrder.prototype.tier = 0;
   PinOrder.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.lane != null && $Object.hasOwnProperty.call(message, "lane") && message.lane !== "")
     writer.uint32(18).string(message.lane);
    if (message.tier != null && $Object.hasOwnProperty.call(message, "tier") && message.tier !== 0)
     writer.uint32(24).int32(message.tier);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   PinOrder.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.PinOrder();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.lane = value;
       else
        delete message.lane;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.tier = value;
       else
        delete message.tier;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return PinOrder;
  })();
  v1.UnpinOrder = (function() {
   const UnpinOrder = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   UnpinOrder.prototype.trace = "";
   UnpinOrder.prototype.lane = "";
   UnpinOrder.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.lane != null && $Object.hasOwnProperty.call(message, "lane") && message.lane !== "")
     writer.uint32(18).string(message.lane);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   UnpinOrder.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.UnpinOrder();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.lane = value;
       else
        delete message.lane;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return UnpinOrder;
  })();
  v1.DropOrder = (function() {
   const DropOrder = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   DropOrder.prototype.trace = "";
   DropOrder.prototype.lane = "";
   DropOrder.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.trace != null && $Object.hasOwnProperty.call(message, "trace") && message.trace !== "")
     writer.uint32(10).string(message.trace);
    if (message.lane != null && $Object.hasOwnProperty.call(message, "lane") && message.lane !== "")
     writer.uint32(18).string(message.lane);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   DropOrder.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.DropOrder();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.trace = value;
       else
        delete message.trace;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.lane = value;
       else
        delete message.lane;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return DropOrder;
  })();
  v1.OrderReply = (function() {
   const OrderReply = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   OrderReply.prototype.granted = null;
   OrderReply.prototype.refused = null;
   let $oneOfFields;
   $Object.defineProperty(OrderReply.prototype, "reply", {
    get: $util.oneOfGetter($oneOfFields = ["granted", "refused"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   OrderReply.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.granted != null && $Object.hasOwnProperty.call(message, "granted"))
     $root.slackwater.v1.OrderGranted.encode(message.granted, writer.uint32(10).fork(), _depth + 1).ldelim();
    if (message.refused != null && $Object.hasOwnProperty.call(message, "refused"))
     $root.slackwater.v1.OrderRefused.encode(message.refused, writer.uint32(18).fork(), _depth + 1).ldelim();
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   OrderReply.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.OrderReply();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       message.granted = $root.slackwater.v1.OrderGranted.decode(reader, reader.size(), $undefined, _depth + 1, message.granted);
       message.reply = "granted";
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       message.refused = $root.slackwater.v1.OrderRefused.decode(reader, reader.size(), $undefined, _depth + 1, message.refused);
       message.reply = "refused";
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return OrderReply;
  })();
  v1.OrderGranted = (function() {
   const OrderGranted = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   OrderGranted.prototype.workerEpoch = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   OrderGranted.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.workerEpoch != null && $Object.hasOwnProperty.call(message, "workerEpoch") && (typeof message.workerEpoch === "object" ? message.workerEpoch.low || message.workerEpoch.high : message.workerEpoch !== 0))
     writer.uint32(8).uint64(message.workerEpoch);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   OrderGranted.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.OrderGranted();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.workerEpoch = value;
       else
        delete message.workerEpoch;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return OrderGranted;
  })();
  v1.RefusalCode = (function() {
   const valuesById = $Object.create(null), values = $Object.create(valuesById);
   values[valuesById[0] = "REFUSAL_CODE_UNSPECIFIED"] = 0;
   values[valuesById[1] = "REFUSAL_CODE_WORKER_FULL"] = 1;
   values[valuesById[2] = "REFUSAL_CODE_OLD_ATTEMPT"] = 2;
   values[valuesById[3] = "REFUSAL_CODE_OLD_EPOCH"] = 3;
   values[valuesById[4] = "REFUSAL_CODE_UNKNOWN_MODEL"] = 4;
   values[valuesById[5] = "REFUSAL_CODE_CONTEXT_LENGTH"] = 5;
   values[valuesById[6] = "REFUSAL_CODE_ARENA_TOO_SMALL"] = 6;
   values[valuesById[7] = "REFUSAL_CODE_PAGE_MISSING"] = 7;
   values[valuesById[8] = "REFUSAL_CODE_CLOSING"] = 8;
   values[valuesById[9] = "REFUSAL_CODE_BAD_ORDER"] = 9;
   return values;
  })();
  v1.OrderRefused = (function() {
   const OrderRefused = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   OrderRefused.prototype.code = 0;
   OrderRefused.prototype.message = "";
   OrderRefused.prototype.retry = 0;
   OrderRefused.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== 0)
     writer.uint32(8).int32(message.code);
    if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
     writer.uint32(18).string(message.message);
    if (message.retry != null && $Object.hasOwnProperty.call(message, "retry") && message.retry !== 0)
     writer.uint32(24).int32(message.retry);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   OrderRefused.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.OrderRefused();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.code = value;
       else
        delete message.code;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.message = value;
       else
        delete message.message;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.retry = value;
       else
        delete message.retry;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return OrderRefused;
  })();
  v1.Out = (function() {
   const Out = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Out.prototype.attemptStarted = null;
   Out.prototype.delta = null;
   Out.prototype.result = null;
   Out.prototype.failed = null;
   let $oneOfFields;
   $Object.defineProperty(Out.prototype, "out", {
    get: $util.oneOfGetter($oneOfFields = ["attemptStarted", "delta", "result", "failed"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   Out.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.attemptStarted != null && $Object.hasOwnProperty.call(message, "attemptStarted"))
     $root.slackwater.v1.AttemptStarted.encode(message.attemptStarted, writer.uint32(10).fork(), _depth + 1).ldelim();
    if (message.delta != null && $Object.hasOwnProperty.call(message, "delta"))
     $root.slackwater.v1.DeltaOut.encode(message.delta, writer.uint32(18).fork(), _depth + 1).ldelim();
    if (message.result != null && $Object.hasOwnProperty.call(message, "result"))
     $root.slackwater.v1.ResultOut.encode(message.result, writer.uint32(26).fork(), _depth + 1).ldelim();
    if (message.failed != null && $Object.hasOwnProperty.call(message, "failed"))
     $root.slackwater.v1.FailedOut.encode(message.failed, writer.uint32(34).fork(), _depth + 1).ldelim();
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Out.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Out();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       message.attemptStarted = $root.slackwater.v1.AttemptStarted.decode(reader, reader.size(), $undefined, _depth + 1, message.attemptStarted);
       message.out = "attemptStarted";
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       message.delta = $root.slackwater.v1.DeltaOut.decode(reader, reader.size(), $undefined, _depth + 1, message.delta);
       message.out = "delta";
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       message.result = $root.slackwater.v1.ResultOut.decode(reader, reader.size(), $undefined, _depth + 1, message.result);
       message.out = "result";
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       message.failed = $root.slackwater.v1.FailedOut.decode(reader, reader.size(), $undefined, _depth + 1, message.failed);
       message.out = "failed";
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Out;
  })();
  v1.AttemptStarted = (function() {
   const AttemptStarted = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   AttemptStarted.prototype.step = "";
   AttemptStarted.prototype.attempt = 0;
   AttemptStarted.prototype.worker = "";
   AttemptStarted.prototype.id = "";
   AttemptStarted.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(10).string(message.step);
    if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt") && message.attempt !== 0)
     writer.uint32(16).uint32(message.attempt);
    if (message.worker != null && $Object.hasOwnProperty.call(message, "worker") && message.worker !== "")
     writer.uint32(26).string(message.worker);
    if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
     writer.uint32(34).string(message.id);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   AttemptStarted.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.AttemptStarted();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.attempt = value;
       else
        delete message.attempt;
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.worker = value;
       else
        delete message.worker;
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.id = value;
       else
        delete message.id;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return AttemptStarted;
  })();
  v1.DeltaOut = (function() {
   const DeltaOut = function (properties) {
    this.tokens = [];
    this.logprobs = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   DeltaOut.prototype.step = "";
   DeltaOut.prototype.attempt = 0;
   DeltaOut.prototype.offset = 0;
   DeltaOut.prototype.tokens = $util.emptyArray;
   DeltaOut.prototype.logprobs = $util.emptyArray;
   DeltaOut.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(10).string(message.step);
    if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt") && message.attempt !== 0)
     writer.uint32(16).uint32(message.attempt);
    if (message.offset != null && $Object.hasOwnProperty.call(message, "offset") && message.offset !== 0)
     writer.uint32(24).uint32(message.offset);
    if (message.tokens != null && message.tokens.length)
     writer.uint32(34).uint32s(message.tokens);
    if (message.logprobs != null && message.logprobs.length)
     for (let i = 0; i < message.logprobs.length; ++i)
      $root.slackwater.v1.TokenLogprob.encode(message.logprobs[i], writer.uint32(42).fork(), _depth + 1).ldelim();
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   DeltaOut.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.DeltaOut();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.attempt = value;
       else
        delete message.attempt;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.offset = value;
       else
        delete message.offset;
       continue;
      }
     case 4: {
       if (wireType === 2) {
        if (!(message.tokens && message.tokens.length))
         message.tokens = [];
        reader.uint32s(message.tokens);
        continue;
       }
       if (wireType !== 0)
        break;
       if (!(message.tokens && message.tokens.length))
        message.tokens = [];
       message.tokens.push(reader.uint32());
       continue;
      }
     case 5: {
       if (wireType !== 2)
        break;
       if (!(message.logprobs && message.logprobs.length))
        message.logprobs = [];
       message.logprobs.push($root.slackwater.v1.TokenLogprob.decode(reader, reader.size(), $undefined, _depth + 1));
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return DeltaOut;
  })();
  v1.ResultOut = (function() {
   const ResultOut = function (properties) {
    this.tokens = [];
    this.logprobs = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   ResultOut.prototype.step = "";
   ResultOut.prototype.attempt = 0;
   ResultOut.prototype.worker = "";
   ResultOut.prototype.tokens = $util.emptyArray;
   ResultOut.prototype.finish = 0;
   ResultOut.prototype.usage = null;
   ResultOut.prototype.timing = null;
   ResultOut.prototype.costUsd = 0;
   ResultOut.prototype.logprobs = $util.emptyArray;
   ResultOut.prototype.id = "";
   ResultOut.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(10).string(message.step);
    if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt") && message.attempt !== 0)
     writer.uint32(16).uint32(message.attempt);
    if (message.worker != null && $Object.hasOwnProperty.call(message, "worker") && message.worker !== "")
     writer.uint32(26).string(message.worker);
    if (message.tokens != null && message.tokens.length)
     writer.uint32(34).uint32s(message.tokens);
    if (message.finish != null && $Object.hasOwnProperty.call(message, "finish") && message.finish !== 0)
     writer.uint32(40).int32(message.finish);
    if (message.usage != null && $Object.hasOwnProperty.call(message, "usage"))
     $root.slackwater.v1.Usage.encode(message.usage, writer.uint32(50).fork(), _depth + 1).ldelim();
    if (message.timing != null && $Object.hasOwnProperty.call(message, "timing"))
     $root.slackwater.v1.Timing.encode(message.timing, writer.uint32(58).fork(), _depth + 1).ldelim();
    if (message.costUsd != null && $Object.hasOwnProperty.call(message, "costUsd") && !$Object.is(message.costUsd, 0))
     writer.uint32(65).double(message.costUsd);
    if (message.logprobs != null && message.logprobs.length)
     for (let i = 0; i < message.logprobs.length; ++i)
      $root.slackwater.v1.TokenLogprob.encode(message.logprobs[i], writer.uint32(74).fork(), _depth + 1).ldelim();
    if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
     writer.uint32(82).string(message.id);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   ResultOut.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.ResultOut();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.attempt = value;
       else
        delete message.attempt;
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.worker = value;
       else
        delete message.worker;
       continue;
      }
     case 4: {
       if (wireType === 2) {
        if (!(message.tokens && message.tokens.length))
         message.tokens = [];
        reader.uint32s(message.tokens);
        continue;
       }
       if (wireType !== 0)
        break;
       if (!(message.tokens && message.tokens.length))
        message.tokens = [];
       message.tokens.push(reader.uint32());
       continue;
      }
     case 5: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.finish = value;
       else
        delete message.finish;
       continue;
      }
     case 6: {
       if (wireType !== 2)
        break;
       message.usage = $root.slackwater.v1.Usage.decode(reader, reader.size(), $undefined, _depth + 1, message.usage);
       continue;
      }
     case 7: {
       if (wireType !== 2)
        break;
       message.timing = $root.slackwater.v1.Timing.decode(reader, reader.size(), $undefined, _depth + 1, message.timing);
       continue;
      }
     case 8: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.costUsd = value;
       else
        delete message.costUsd;
       continue;
      }
     case 9: {
       if (wireType !== 2)
        break;
       if (!(message.logprobs && message.logprobs.length))
        message.logprobs = [];
       message.logprobs.push($root.slackwater.v1.TokenLogprob.decode(reader, reader.size(), $undefined, _depth + 1));
       continue;
      }
     case 10: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.id = value;
       else
        delete message.id;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return ResultOut;
  })();
  v1.FailedOut = (function() {
   const FailedOut = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   FailedOut.prototype.step = "";
   FailedOut.prototype.code = "";
   FailedOut.prototype.message = "";
   FailedOut.prototype.retry = 0;
   FailedOut.prototype.limit = null;
   FailedOut.prototype.got = null;
   FailedOut.prototype.id = "";
   let $oneOfFields;
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(FailedOut.prototype, "_limit", {
    get: $util.oneOfGetter($oneOfFields = ["limit"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(FailedOut.prototype, "_got", {
    get: $util.oneOfGetter($oneOfFields = ["got"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   FailedOut.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.step != null && $Object.hasOwnProperty.call(message, "step") && message.step !== "")
     writer.uint32(10).string(message.step);
    if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== "")
     writer.uint32(18).string(message.code);
    if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
     writer.uint32(26).string(message.message);
    if (message.retry != null && $Object.hasOwnProperty.call(message, "retry") && message.retry !== 0)
     writer.uint32(32).int32(message.retry);
    if (message.limit != null && $Object.hasOwnProperty.call(message, "limit"))
     writer.uint32(41).double(message.limit);
    if (message.got != null && $Object.hasOwnProperty.call(message, "got"))
     writer.uint32(49).double(message.got);
    if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
     writer.uint32(58).string(message.id);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   FailedOut.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.FailedOut();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.step = value;
       else
        delete message.step;
       continue;
      }
     case 2: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.code = value;
       else
        delete message.code;
       continue;
      }
     case 3: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.message = value;
       else
        delete message.message;
       continue;
      }
     case 4: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.retry = value;
       else
        delete message.retry;
       continue;
      }
     case 5: {
       if (wireType !== 1)
        break;
       message.limit = reader.double();
       message._limit = "limit";
       continue;
      }
     case 6: {
       if (wireType !== 1)
        break;
       message.got = reader.double();
       message._got = "got";
       continue;
      }
     case 7: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.id = value;
       else
        delete message.id;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return FailedOut;
  })();
  v1.SavedTrace = (function() {
   const SavedTrace = function (properties) {
    this.timers = [];
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   SavedTrace.prototype.epoch = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   SavedTrace.prototype.saves = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   SavedTrace.prototype.cursor = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   SavedTrace.prototype.machine = "";
   SavedTrace.prototype.version = 0;
   SavedTrace.prototype.value = 0;
   SavedTrace.prototype.contextJson = "";
   SavedTrace.prototype.outboxJson = "";
   SavedTrace.prototype.timers = $util.emptyArray;
   SavedTrace.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && (typeof message.epoch === "object" ? message.epoch.low || message.epoch.high : message.epoch !== 0))
     writer.uint32(8).uint64(message.epoch);
    if (message.saves != null && $Object.hasOwnProperty.call(message, "saves") && (typeof message.saves === "object" ? message.saves.low || message.saves.high : message.saves !== 0))
     writer.uint32(16).uint64(message.saves);
    if (message.cursor != null && $Object.hasOwnProperty.call(message, "cursor") && (typeof message.cursor === "object" ? message.cursor.low || message.cursor.high : message.cursor !== 0))
     writer.uint32(24).uint64(message.cursor);
    if (message.machine != null && $Object.hasOwnProperty.call(message, "machine") && message.machine !== "")
     writer.uint32(34).string(message.machine);
    if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== 0)
     writer.uint32(40).uint32(message.version);
    if (message.value != null && $Object.hasOwnProperty.call(message, "value") && message.value !== 0)
     writer.uint32(48).int32(message.value);
    if (message.contextJson != null && $Object.hasOwnProperty.call(message, "contextJson") && message.contextJson !== "")
     writer.uint32(58).string(message.contextJson);
    if (message.outboxJson != null && $Object.hasOwnProperty.call(message, "outboxJson") && message.outboxJson !== "")
     writer.uint32(66).string(message.outboxJson);
    if (message.timers != null && message.timers.length)
     for (let i = 0; i < message.timers.length; ++i)
      $root.slackwater.v1.SavedTimer.encode(message.timers[i], writer.uint32(74).fork(), _depth + 1).ldelim();
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   SavedTrace.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.SavedTrace();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.epoch = value;
       else
        delete message.epoch;
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.saves = value;
       else
        delete message.saves;
       continue;
      }
     case 3: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.cursor = value;
       else
        delete message.cursor;
       continue;
      }
     case 4: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.machine = value;
       else
        delete message.machine;
       continue;
      }
     case 5: {
       if (wireType !== 0)
        break;
       if (value = reader.uint32())
        message.version = value;
       else
        delete message.version;
       continue;
      }
     case 6: {
       if (wireType !== 0)
        break;
       if (value = reader.int32())
        message.value = value;
       else
        delete message.value;
       continue;
      }
     case 7: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.contextJson = value;
       else
        delete message.contextJson;
       continue;
      }
     case 8: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.outboxJson = value;
       else
        delete message.outboxJson;
       continue;
      }
     case 9: {
       if (wireType !== 2)
        break;
       if (!(message.timers && message.timers.length))
        message.timers = [];
       message.timers.push($root.slackwater.v1.SavedTimer.decode(reader, reader.size(), $undefined, _depth + 1));
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return SavedTrace;
  })();
  v1.SavedTimer = (function() {
   const SavedTimer = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   SavedTimer.prototype.id = "";
   SavedTimer.prototype.generation = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
   SavedTimer.prototype.dueAtMs = 0;
   SavedTimer.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
     writer.uint32(10).string(message.id);
    if (message.generation != null && $Object.hasOwnProperty.call(message, "generation") && (typeof message.generation === "object" ? message.generation.low || message.generation.high : message.generation !== 0))
     writer.uint32(16).uint64(message.generation);
    if (message.dueAtMs != null && $Object.hasOwnProperty.call(message, "dueAtMs") && !$Object.is(message.dueAtMs, 0))
     writer.uint32(25).double(message.dueAtMs);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   SavedTimer.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message, value;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.SavedTimer();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 2)
        break;
       if ((value = reader.stringVerify()).length)
        message.id = value;
       else
        delete message.id;
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
        message.generation = value;
       else
        delete message.generation;
       continue;
      }
     case 3: {
       if (wireType !== 1)
        break;
       if (!$Object.is(value = reader.double(), 0))
        message.dueAtMs = value;
       else
        delete message.dueAtMs;
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return SavedTimer;
  })();
  v1.Checkpoint = (function() {
   const Checkpoint = function (properties) {
    if (properties)
     for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
      if (properties[keys[i]] != null && keys[i] !== "__proto__")
       this[keys[i]] = properties[keys[i]];
   };
   Checkpoint.prototype.epoch = null;
   Checkpoint.prototype.cursor = null;
   let $oneOfFields;
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Checkpoint.prototype, "_epoch", {
    get: $util.oneOfGetter($oneOfFields = ["epoch"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   // Virtual OneOf for proto3 optional field
   $Object.defineProperty(Checkpoint.prototype, "_cursor", {
    get: $util.oneOfGetter($oneOfFields = ["cursor"]),
    set: $util.oneOfSetter($oneOfFields)
   });
   Checkpoint.encode = function (message, writer, _depth) {
    if (!writer)
     writer = $Writer.create();
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $util.recursionLimit)
     throw $Error("max depth exceeded");
    if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch"))
     writer.uint32(8).uint64(message.epoch);
    if (message.cursor != null && $Object.hasOwnProperty.call(message, "cursor"))
     writer.uint32(16).uint64(message.cursor);
    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
     for (let i = 0; i < message.$unknowns.length; ++i)
      writer.raw(message.$unknowns[i]);
    return writer;
   };
   Checkpoint.decode = function (reader, length, _end, _depth, _target) {
    if (!(reader instanceof $Reader))
     reader = $Reader.create(reader);
    if (_depth === $undefined)
     _depth = 0;
    if (_depth > $Reader.recursionLimit)
     throw $Error("max depth exceeded");
    let end, message;
    if (length === $undefined)
     end = reader.len;
    else {
     end = reader.pos + length;
     if (end > reader.len)
      throw $RangeError("index out of range");
     length = reader.len;
     reader.len = end;
    }
    message = _target || new $root.slackwater.v1.Checkpoint();
    while (reader.pos < end) {
     let start = reader.pos;
     let tag = reader.tag();
     if (tag === _end) {
      _end = $undefined;
      break;
     }
     let wireType = tag & 7;
     switch (tag >>>= 3) {
     case 1: {
       if (wireType !== 0)
        break;
       message.epoch = reader.uint64();
       message._epoch = "epoch";
       continue;
      }
     case 2: {
       if (wireType !== 0)
        break;
       message.cursor = reader.uint64();
       message._cursor = "cursor";
       continue;
      }
     }
     reader.skipType(wireType, _depth, tag);
     if (!reader.discardUnknown) {
      $util.makeProp(message, "$unknowns", false);
      (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
     }
    }
    if (length !== $undefined) {
     if (reader.pos !== end)
      throw $RangeError("index out of range");
     reader.len = length;
    }
    if (_end !== $undefined)
     throw $Error("missing end group");
    return message;
   };
   return Checkpoint;
  })();
  return v1;
 })();
 return slackwater;
})();
export {
  $root as default
};
