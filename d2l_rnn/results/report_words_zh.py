"""What the report says in Chinese of experiments and verdicts, beside its table."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Mapping, Pattern

HOLE = "…"
_LONGEST = 1000  # letters of what is looked up: a record may say anything

#: English, with holes, and Chinese: what was in the first hole stands for {0}.
REASONS = {
    # what compare says of comparable runs
    "… of … epochs inside the range of … builds": "{1} 个迭代周期中有 {0} 个落在 {2} "
    "次构建的范围之内",
    "farthest at epoch …: …, the builds … to …": "偏离最大处在迭代周期 {0}：{1}，"
    "各次构建为 {2} 到 {3}",
    "the builds' data and weights, …": "数据和权重与各次构建相同，{0}",
    "the builds' weights, …": "权重与各次构建相同，{0}",
    "own weights, …": "自己的权重，{0}",
    "p = … (mixed model, r = …)": "p = {0}（混合模型，r = {1}）",
    "at r = 0 it would be …": "若 r = 0 则为 {0}",
    "p = … (permutation test of the curve)": "p = {0}（对整条曲线的置换检验）",
    "one run: … times as far out as the farthest build (quarter rule: more "
    "than 1.25 differs)": "单次运行：偏离程度是偏离最大的一次构建的 {0} 倍（"
    "超过 1.25 倍即为有差异）",
    # why they are not comparable
    "no runs": "没有运行",
    "the book has … builds only, … are needed": "书中只有 {0} 次构建，需要 {1} 次",
    "… of the … seeds that … builds need": "对 {2} 次构建需要 {1} 个种子，现有 {0} 个",
    "not finished: … of … epochs": "没有训练完：{1} 个迭代周期中的 {0} 个",
    "not finished: … epochs": "没有训练完：{0} 个迭代周期",
    "… epochs, the book's number is after …": "{0} 个迭代周期，"
    "书中的数值是 {1} 个之后的",
    "another file than the book's … (its SHA-1 is not the same)": (
        "文件与书中的 {0} 不同（SHA-1 不一致）"
    ),
    "corpus …, the book's is …": "语料为 {0}，书中是 {1}",
    "… epochs recorded, not each of 1 to …": "记录了 {0} 个迭代周期，"
    "不是从 1 到 {1} 每个都有",
    "… is not in its record": "记录中没有 {0}",
    "seed … is there already (…)": "种子 {0} 已经有了（{1}）",
    "run …: its record is malformed": "运行 {0}：记录有误",
    "…, the book's is …": "{0}，书中是 {1}",
    "the book prints no number for it": "书中没有它的数值",
    # of records
    "… of …: older record: only config, epochs and result verified": (
        "{1} 次运行中有 {0} 次是旧记录，只核对了设置、迭代周期和结果"
    ),
    "older record: only config, epochs and result verified": "旧记录，只核对了设置、"
    "迭代周期和结果",
    "from epoch … on: …, before …": "从迭代周期 {0} 起：{1}，之前是 {2}",
    # of pictures
    "…: missing": "{0}：文件不在",
    "…: its result does not state its SHA-256": "{0}：结果中没有它的 SHA-256",
    "…: changed after it was drawn (its SHA-256 does not agree)": (
        "{0}：画好之后被改动过（SHA-256 不一致）"
    ),
    "…: not a PNG file": "{0}：不是 PNG 文件",
    "its result does not state its SHA-256": "结果中没有它的 SHA-256",
    "changed after it was written (its SHA-256 does not agree)": "写好之后被改动过"
    "（SHA-256 不一致）",
    # what sets runs apart
    "own weights": "自己的权重",
    "the builds' weights": "各次构建的权重",
    "source …": "数据 {0}",
}

#: What each experiment is.
SUMMARIES = {
    "sequence": "带噪声的正弦序列，预测 1、4、16、64 步之后的值",
    "text-stats": "词元、n元语法、齐普夫定律、n元语法语言模型",
    "rnn-handwritten": "用 NumPy 写的循环神经网络，前向和反向传播都亲手写出",
    "rnn-scratch": "从零开始实现的循环神经网络，隐状态一路传下去",
    "rnn-scratch-reset": "从零开始实现的循环神经网络，小批量相同，每次都用新的隐状态",
    "rnn-scratch-random": "从零开始实现的循环神经网络，随机采样",
    "rnn": "循环神经网络语言模型，简洁实现",
    "rnn-zh": "中文第一版：汉字的循环神经网络，用自带的文本",
    "bptt": "通过时间反向传播：完整、截断、随机截断三种办法的比较",
    "gru-handwritten": "用 NumPy 写的门控循环单元，前向和反向传播都亲手写出",
    "lstm-handwritten": "用 NumPy 写的长短期记忆网络，前向和反向传播都亲手写出",
    "gru-scratch": "从零开始实现的门控循环单元",
    "gru": "门控循环单元语言模型，简洁实现",
    "lstm-scratch": "从零开始实现的长短期记忆网络",
    "lstm-peephole": "从零开始实现的长短期记忆网络，各个门看得到记忆元",
    "lstm": "长短期记忆网络语言模型，简洁实现",
    "deep-scratch": "从零开始实现的两层长短期记忆网络",
    "deep-lstm": "两层的长短期记忆网络语言模型",
    "deep-gru": "两层的门控循环单元语言模型",
    "birnn-scratch": "从零开始实现的双向循环神经网络：顺着、倒着各走一遍",
    "bilstm": "双向长短期记忆网络，被错误地用作语言模型",
    "bilstm-audit": "双向语言模型在预测时看到了什么",
    "hmm": "文本的隐马尔可夫模型，用 Baum-Welch 算法学习",
    "cloze": "根据两侧填出缺少的字符，五种模型",
    "cloze-word": "根据两侧填出缺少的词，五种模型",
    "tagging": "恢复大写字母和标点，看得到和看不到后文的比较",
    "many-to-one": "判断一行文字是哪种语言",
    "one-to-many": "按指定的语言写出一行行文字",
    "pixels": "逐个像素画出图像：按指定的类别画数字",
    "rnn-scratch-v1": "1.0 版：从零开始实现的循环神经网络",
    "rnn-v1": "1.0 版：循环神经网络",
    "lstm-v1": "1.0 版：长短期记忆网络",
    "gru-v1": "1.0 版：门控循环单元",
    "birnn-v1": "1.0 版：双向门控循环单元，被错误地用作语言模型",
    "seq2seq": "机器翻译，以编码器最后的隐状态为上下文变量",
    "seq2seq-attention": "带注意力机制的机器翻译，五种评分函数",
}


def translated(english: str, table: Mapping[str, str]) -> str:
    """A text that a table has, in its words; as it is where the table has none.

    What stood in the holes is looked up as well: a verdict's start leads to its rule.
    """
    if len(english) > _LONGEST:
        return english
    for form, chinese in table.items():
        found = _pattern(form).fullmatch(english)
        if found:
            inserted = [
                translated(hole, table) if hole != english else hole
                for hole in found.groups()
            ]
            return chinese.format(*inserted)
    return english


@lru_cache(maxsize=None)
def _pattern(form: str) -> Pattern[str]:
    return re.compile("(.+?)".join(map(re.escape, form.split(HOLE))), re.S)
